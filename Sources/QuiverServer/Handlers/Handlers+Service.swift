extension Handlers {
    func root() -> Answer {
        .json(
            Array(
                #"{"title":"qdrant - vector search engine","version":"\#(ServerVersion.interface)","commit":"\#(ServerVersion.commit)"}"#
                    .utf8))
    }
}
