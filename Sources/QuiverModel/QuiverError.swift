/// The one error of Quiver's public face: what kind, and a sentence that says what was wrong, where,
/// and what would be right.
public struct QuiverError: Error, Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// A value that does not fit the collection.
        case badInput
        /// A request that makes no sense as it is put.
        case badRequest
        /// A well-formed value that breaks a rule of the interface.
        case validation
        case notFound
        case alreadyExists
        case timeout
        case forbidden
        /// Part of Qdrant's interface that is not there yet.
        case notImplemented
        /// A queue is full; ask again after the given seconds.
        case overloaded(retryAfterSeconds: Int)
        /// More requests than an operator allows; nil: such a request is never let through.
        case rateLimited(retryAfterSeconds: Int?)
        /// Disk or map is full. Nothing was written; reads go on, and writes again when there is room.
        case insufficientStorage
        /// The collection refuses writes after a failure of its storage, until it is opened again.
        case readOnly
        /// The storage directory belongs to another process.
        case locked
        /// A file does not hold what its checksum or format says.
        case corrupted
        /// The collection or database has been closed or deleted.
        case closed
        /// A failure inside, with its cause.
        case service
    }

    public var kind: Kind
    /// Without the prefix that the kind has on the wire.
    public var message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }
}

extension QuiverError: CustomStringConvertible {
    public var description: String { message }
}

extension QuiverError {
    public static func badInput(_ message: String) -> QuiverError { QuiverError(.badInput, message) }
    public static func badRequest(_ message: String) -> QuiverError { QuiverError(.badRequest, message) }
    public static func validation(_ message: String) -> QuiverError { QuiverError(.validation, message) }
    public static func notFound(_ message: String) -> QuiverError { QuiverError(.notFound, message) }
    public static func notImplemented(_ message: String) -> QuiverError { QuiverError(.notImplemented, message) }
    public static func service(_ message: String) -> QuiverError { QuiverError(.service, message) }

    public static func collectionMissing(_ name: String) -> QuiverError {
        .notFound("Collection `\(name)` doesn't exist!")
    }

    public static func collectionExists(_ name: String) -> QuiverError {
        QuiverError(.alreadyExists, "Collection `\(name)` already exists!")
    }

    public static func pointMissing(_ id: PointID) -> QuiverError {
        .notFound("No point with id \(id) found")
    }

    public static func vectorNameUnknown(_ name: String) -> QuiverError {
        .badInput("Not existing vector name error: \(name)")
    }

    public static func vectorDimension(expected: Int, actual: Int) -> QuiverError {
        .badInput("Vector dimension error: expected dim: \(expected), got \(actual)")
    }
}
