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
        /// Not what the interface describes; told before everything else.
        case format
        /// A rule that is broken; all of them are told together.
        case validation
        // What is seen when a well-formed body that keeps the rules is made a request of.
        case badRequest
        case wrongInput
        case notFound
        /// 400 without a prefix: a model is asked for where none can be.
        case inference
        /// 500: a model that runs elsewhere.
        case service
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
    /// or their position; one that stands where a list may stand is the first of it; an empty name is left out.
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

/// The faults of a body that is read a second time, because it was refused.
///
/// Reading goes on behind a broken rule then: Qdrant tells all of them in one answer, and none where something behind
/// them is malformed.
///
/// Unchecked: it is used by the one thread that reads the body, during one call.
final class FaultList: @unchecked Sendable {
    @TaskLocal static var current: FaultList?

    private(set) var broken: [WireFault] = []
    /// The first that is seen once all rules are kept.
    private(set) var later: WireFault?

    var count: Int { broken.count }

    func add(_ fault: WireFault) {
        if fault.kind == .validation { broken.append(fault) } else if later == nil { later = fault }
    }

    /// What was noted since there were `count`: changed; only the first of it is kept if `onlyFirst`.
    func change(since count: Int, onlyFirst: Bool, _ change: (WireFault) -> WireFault) {
        if onlyFirst && broken.count > count + 1 { broken.removeLast(broken.count - count - 1) }
        for index in broken.indices.dropFirst(count) { broken[index] = change(broken[index]) }
    }
}

extension WireFault {
    /// Throws the fault; only notes it where a body is read to find all of its faults.
    func raise() throws(WireFault) {
        guard kind != .format, kind != .unsupported, let list = FaultList.current else { throw self }
        list.add(self)
    }

    /// Reads a part whose faults are told differently.
    ///
    /// - Parameter onlyFirst: of several broken rules in this part Qdrant tells one.
    static func changing<Result>(
        onlyFirst: Bool = false, _ change: (WireFault) -> WireFault, _ read: () throws(WireFault) -> Result
    ) throws(WireFault) -> Result {
        let list = FaultList.current
        let count = list?.count ?? 0
        defer { list?.change(since: count, onlyFirst: onlyFirst, change) }
        do throws(WireFault) {
            return try read()
        } catch {
            throw change(error)
        }
    }
}
