import QuiverWire

extension Handlers {
    /// Clients compare the version with their own, and some check that there are exactly these keys.
    func root() -> Answer {
        .json(
            ResponseEncoder.root(
                title: "qdrant - vector search engine", version: ServerVersion.interface, commit: ServerVersion.commit))
    }

    /// One machine: there is no cluster.
    func clusterStatus(_ call: Call) -> Answer {
        fixed(#"{"status":"disabled"}"#, call)
    }

    func issues(_ call: Call) -> Answer {
        fixed(#"{"issues":[]}"#, call)
    }

    func clearIssues(_ call: Call) -> Answer {
        .json(ResponseEncoder.flag(true, seconds: call.elapsedSeconds))
    }

    /// `result` is JSON text.
    private func fixed(_ result: String, _ call: Call) -> Answer {
        .json(ResponseEncoder.result(raw: result, seconds: call.elapsedSeconds))
    }
}
