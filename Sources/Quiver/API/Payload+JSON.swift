public import QuiverModel

import QuiverJSON
import QuiverPayload

extension Payload {
    private static let parsers = JSONParserPool()

    /// The payload that a JSON text says: one object. White space between its parts is left out; key order and the form
    /// of numbers stay, and of members with the same name the last one.
    ///
    /// - Throws: `.badInput` with the place of the fault, when it is not JSON or not an object.
    public init(json text: String) throws(QuiverError) {
        do throws(PayloadError) {
            self = try Payload.parsers.withParser { (parser) throws(PayloadError) in
                try PayloadText.parse(text, with: parser)
            }
        } catch {
            throw QuiverError(error)
        }
    }

    /// The payload that the engine itself wrote, byte for byte, from a place where it may have been damaged.
    init(stored bytes: UnsafeRawBufferPointer) throws(QuiverError) {
        do throws(PayloadError) {
            try Payload.parsers.withParser { (parser) throws(PayloadError) in
                try unsafe parser.withParsed(bytes: bytes, mapError: { (error) in PayloadError.json(error) }) {
                    (root) throws(PayloadError) in
                    guard root.isObject else { throw .notAnObject }
                }
            }
        } catch {
            throw QuiverError(.corrupted, "a payload is damaged: \(error)")
        }
        self.init(validated: unsafe Array(bytes))
    }
}
