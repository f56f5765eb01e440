import QuiverModel
import Testing

@testable import QuiverServer

struct ErrorAnswerTests {
    @Test(arguments: [
        (QuiverError.Kind.badInput, 400, "Wrong input: x"),
        (.badRequest, 400, "Bad request: x"),
        (.validation, 422, "x"),
        (.notFound, 404, "Not found: x"),
        (.alreadyExists, 409, "Wrong input: x"),
        (.timeout, 408, "Timeout: x"),
        (.forbidden, 403, "Forbidden: x"),
        (.notImplemented, 501, "x"),
        (.overloaded(retryAfterSeconds: 3), 429, "Rate limiting exceeded: x"),
        (.insufficientStorage, 507, "Insufficient storage: x"),
        (.readOnly, 500, "Service internal error: x"),
        (.locked, 403, "Storage locked: x"),
        (.corrupted, 500, "Service internal error: x"),
        (.closed, 503, "Shard temporarily unavailable: x"),
        (.service, 500, "Service internal error: x"),
    ])
    func table(kind: QuiverError.Kind, status: Int, text: String) {
        let rejection = ErrorAnswer.rejection(QuiverError(kind, "x"))
        #expect(rejection.status == status)
        #expect(rejection.text == text)
    }

    @Test func overloadTellsWhenToComeBack() {
        let answer = ErrorAnswer.answer(
            ErrorAnswer.rejection(QuiverError(.overloaded(retryAfterSeconds: 0), "busy")), seconds: 0.25)
        #expect(answer.fields.map { "\($0.name): \($0.value)" } == ["Retry-After: 1"])
        #expect(String(decoding: answer.body, as: UTF8.self) == #"{"status":{"error":"Rate limiting exceeded: busy"},"time":0.25}"#)
    }
}
