import QuiverJSON

/// Why a request was refused: the HTTP status, and the whole text that goes into the error envelope.
///
/// - 400: the body is not what the interface describes (`Format error in JSON body: …`), or makes no sense
///   as it is put (`Bad request: …`, `Wrong input: …`).
/// - 422: well-formed values that break a rule (`Validation error in JSON body: [path: message]`).
/// - 501: a part of Qdrant's interface that is not there yet, named.
package struct WireError: Error, Hashable, Sendable {
    package var status: Int
    package var message: String

    package init(status: Int, message: String) {
        self.status = status
        self.message = message
    }
}

extension WireError: CustomStringConvertible {
    package var description: String { "\(status) \(message)" }
}

/// The same while the body is still at hand: the place is a node, and becomes text only when the error leaves.
struct WireFault: Error {
    enum Kind {
        case format
        case validation
        case badRequest
        case wrongInput
        case unsupported
    }

    /// A name that stands in Qdrant's paths though not in the body, because its Rust structs are flattened.
    struct Flattening {
        var object: Int
        var name: String
    }

    var kind: Kind
    var message: String
    /// Where the value that the message is about begins in the body; no other value begins there.
    var place: Int
    /// Appended to the node's path as a last component.
    var suffix: String?
    var flattenings: [Flattening] = []
    /// Members whose name Qdrant's paths do not tell, by the place where their value begins: entries of a map are `?`,
    /// or their position.
    var anonymous: [Int: String] = [:]

    /// `name` follows the path of `object` when the fault is inside it.
    func flattened(_ name: String, at object: Int) -> WireFault {
        var fault = self
        fault.flattenings.insert(Flattening(object: object, name: name), at: 0)
        return fault
    }

    func anonymising(_ member: Int, as label: String = "?") -> WireFault {
        var fault = self
        fault.anonymous[member] = label
        return fault
    }

    /// Qdrant tells of some values only what they are part of: a broken rule is told at `node` then, with the path's
    /// last component after `prefix`.
    func hoisted(to node: JSONNode, prefix: String = "") -> WireFault {
        guard kind == .validation else { return self }
        var fault = self
        fault.place = node.byteOffset
        fault.suffix = prefix + (suffix ?? "")
        return fault
    }
}
