/// The payload of a point: the text of one JSON object, minified, in UTF-8, with key order and
/// number forms as they were received.
///
/// It is stored and returned as it is; nothing re-encodes it.
public struct Payload: Hashable, Sendable {
    /// UTF-8 of a minified JSON object that has been validated.
    public let utf8: [UInt8]

    /// `utf8` has to be one valid, minified JSON object; `PayloadText` in `QuiverPayload` and the
    /// request decoder make such text.
    package init(validated utf8: [UInt8]) {
        self.utf8 = utf8
    }

    /// `{}`
    public static let empty = Payload(validated: [UInt8(ascii: "{"), UInt8(ascii: "}")])

    public var isEmpty: Bool { utf8.count <= 2 }

    public var text: String { String(decoding: utf8, as: UTF8.self) }
}
