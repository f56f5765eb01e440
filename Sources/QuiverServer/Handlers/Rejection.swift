import QuiverModel

/// A request that is answered with an error: the status code and the whole text of the answer.
package struct Rejection: Error, Hashable, Sendable {
    package var status: Int
    /// With its prefix, as it goes over the wire.
    package var text: String
    /// Sent as `Retry-After`.
    package var retryAfterSeconds: Int?
    /// The text alone is the answer, not a JSON body around it.
    package var isPlainText = false
    /// What is written to the log instead of `text`, for failures inside.
    package var isFailureInside: Bool { status >= 500 && status != 501 && status != 507 }

    package init(status: Int, text: String, retryAfterSeconds: Int? = nil) {
        self.status = status
        self.text = text
        self.retryAfterSeconds = retryAfterSeconds
    }

    /// A part of the request that cannot be read. `part`: "query parameters", "path parameters".
    package static func malformed(_ part: String, _ text: String) -> Rejection {
        Rejection(status: 400, text: "Deserialize error in \(part): \(text)")
    }

    /// A value that can be read and breaks a rule. `text`: "path: message".
    package static func invalid(_ part: String, _ text: String) -> Rejection {
        Rejection(status: 422, text: "Validation error in \(part): [\(text)]")
    }

    /// The text is the one Qdrant's web framework gives.
    package static func bodyTooLarge(bytes: Int?, limit: Int) -> Rejection {
        if let bytes {
            Rejection(
                status: 400,
                text: "Payload error: JSON payload (\(bytes) bytes) is larger than allowed (limit: \(limit) bytes).")
        } else {
            Rejection(status: 400, text: "Payload error: JSON payload has exceeded limit (\(limit) bytes).")
        }
    }

    package static let clusterOnly = Rejection(status: 405, text: "Qdrant is running in standalone mode")

    package static func unavailable(_ what: String) -> Rejection {
        Rejection(status: 501, text: "\(what) is not supported yet")
    }

    /// A caller that may not do this.
    package static func forbidden(_ reason: String) -> Rejection {
        Rejection(status: 403, text: "Forbidden: \(reason)")
    }

    /// A caller that is not known.
    package static func unauthorized(_ text: String) -> Rejection { plain(401, text) }

    /// A caller whose token is not good.
    package static func refused(_ text: String) -> Rejection { plain(403, text) }

    private static func plain(_ status: Int, _ text: String) -> Rejection {
        var rejection = Rejection(status: status, text: text)
        rejection.isPlainText = true
        return rejection
    }
}
