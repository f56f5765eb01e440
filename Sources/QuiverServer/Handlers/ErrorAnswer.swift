import QuiverModel
import QuiverWire

/// The table of errors on the wire: kind to status code and prefix, as Qdrant has them.
enum ErrorAnswer {
    static func rejection(_ error: QuiverError) -> Rejection {
        switch error.kind {
        case .badInput: Rejection(status: 400, text: "Wrong input: " + error.message)
        case .badRequest: Rejection(status: 400, text: "Bad request: " + error.message)
        case .validation: Rejection(status: 422, text: error.message)
        case .notFound: Rejection(status: 404, text: "Not found: " + error.message)
        case .alreadyExists: Rejection(status: 409, text: "Wrong input: " + error.message)
        case .timeout: Rejection(status: 408, text: "Timeout: " + error.message)
        case .forbidden: Rejection(status: 403, text: "Forbidden: " + error.message)
        case .notImplemented: Rejection(status: 501, text: error.message)
        case .overloaded(let seconds):
            Rejection(
                status: 429, text: "Rate limiting exceeded: " + error.message, retryAfterSeconds: max(seconds, 1))
        case .rateLimited(let seconds):
            Rejection(status: 429, text: "Rate limiting exceeded: " + error.message, retryAfterSeconds: seconds)
        case .insufficientStorage: Rejection(status: 507, text: "Insufficient storage: " + error.message)
        case .locked: Rejection(status: 403, text: "Storage locked: " + error.message)
        case .closed: Rejection(status: 503, text: "Shard temporarily unavailable: " + error.message)
        case .readOnly, .corrupted, .service:
            Rejection(status: 500, text: "Service internal error: " + error.message)
        }
    }

    static func answer(_ rejection: Rejection, seconds: Double) -> Answer {
        if rejection.isPlainText { return .text(rejection.text, status: rejection.status) }
        var answer = Answer.json(ResponseEncoder.error(rejection.text, seconds: seconds), status: rejection.status)
        if let seconds = rejection.retryAfterSeconds { answer.fields.append(("Retry-After", String(seconds))) }
        return answer
    }
}
