import HTTPTypes

/// Cross-origin resource sharing (Fetch standard, section 3.2), open to any origin as in Qdrant.
enum CrossOrigin {
    private static let requestMethod = field("Access-Control-Request-Method")
    private static let requestHeaders = field("Access-Control-Request-Headers")

    private static func field(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is not a field name") }
        return name
    }

    /// The answer to a preflight request; nil for any other request.
    static func preflight(_ request: HTTPRequest) -> Answer? {
        guard request.method == .options, request.headerFields[.origin] != nil,
            request.headerFields[requestMethod] != nil
        else { return nil }
        var answer = Answer.empty(status: 200)
        answer.headers[.accessControlAllowMethods] = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
        if let headers = request.headerFields[requestHeaders] { answer.headers[.accessControlAllowHeaders] = headers }
        answer.headers[.accessControlMaxAge] = "3600"
        return answer
    }

    static func allow(_ request: HTTPRequest, _ headers: inout HTTPFields) {
        guard let origin = request.headerFields[.origin] else { return }
        headers[.accessControlAllowOrigin] = origin
        headers[.vary] = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
    }
}
