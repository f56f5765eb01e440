import NIOHTTP1

/// Cross-origin resource sharing (Fetch standard, section 3.2), open to any origin as in Qdrant.
enum CrossOrigin {
    /// The answer to a preflight request; nil for any other request.
    static func preflight(_ request: HTTPRequestHead) -> Answer? {
        guard request.method == .OPTIONS, request.headers.first(name: "Origin") != nil,
            request.headers.first(name: "Access-Control-Request-Method") != nil
        else { return nil }
        var answer = Answer.empty(status: 200)
        answer.fields.append(("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"))
        if let fields = request.headers.first(name: "Access-Control-Request-Headers") {
            answer.fields.append(("Access-Control-Allow-Headers", fields))
        }
        answer.fields.append(("Access-Control-Max-Age", "3600"))
        return answer
    }

    /// What the answer to a page of `origin` says besides.
    static func allow(origin: String, _ answer: inout Answer) {
        answer.fields.append(("Access-Control-Allow-Origin", origin))
        answer.fields.append(("Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"))
    }
}
