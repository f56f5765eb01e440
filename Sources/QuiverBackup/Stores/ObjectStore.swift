package import QuiverModel

/// One object of a store, as a listing tells of it.
package struct ObjectInfo: Hashable, Sendable {
    package var key: String
    package var byteCount: Int
    /// By the clock of the store.
    package var modified: Timestamp

    package init(key: String, byteCount: Int, modified: Timestamp) {
        self.key = key
        self.byteCount = byteCount
        self.modified = modified
    }
}

/// Named byte strings that are written whole: nobody ever sees half an object.
///
/// Every call blocks; never on an event loop or in a task. Keys are relative paths of `/`, without `.` and `..`.
package protocol ObjectStore: Sendable {
    /// Where it is, for people; without secrets.
    var place: String { get }

    /// Writes an object, or replaces it, when it is durable; `body` gives its bytes in pieces of any size.
    func put(_ key: String, _ body: (any ObjectWriter) throws -> Void) throws(ObjectStoreError)

    func put(_ key: String, _ bytes: [UInt8]) throws(ObjectStoreError)

    /// Gives the bytes of an object, or of a part of it, in their order; `range` is cut off at its end.
    func get(
        _ key: String, range: Range<Int>?, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws(ObjectStoreError)

    /// Nil when there is no such object.
    func head(_ key: String) throws(ObjectStoreError) -> ObjectInfo?

    /// All objects whose keys begin with `prefix`, in the order of their keys.
    func list(prefix: String) throws(ObjectStoreError) -> [ObjectInfo]

    /// Gives an object another key.
    func move(_ key: String, to other: String) throws(ObjectStoreError)

    /// Removes objects; those that are not there are fine.
    func delete(_ keys: [String]) throws(ObjectStoreError)
}

extension ObjectStore {
    package func move(_ key: String, to other: String) throws(ObjectStoreError) {
        try put(other, try bytes(of: key, limitBytes: .max))
        try delete([key])
    }

    /// The whole object, if it has at most `limitBytes`.
    package func bytes(of key: String, limitBytes: Int = 64 << 20) throws(ObjectStoreError) -> [UInt8] {
        var bytes: [UInt8] = []
        try get(key, range: nil) { part in
            guard bytes.count + part.count <= limitBytes else {
                throw ObjectStoreError.invalid("`\(key)` is longer than \(limitBytes) bytes")
            }
            bytes.append(contentsOf: part)
        }
        return bytes
    }
}

/// Takes the bytes of an object that is being written.
package protocol ObjectWriter {
    func write(_ bytes: UnsafeRawBufferPointer) throws(ObjectStoreError)
}

/// Why a store did not do what it was asked.
package enum ObjectStoreError: Error, Sendable {
    case notFound(String)
    /// Credentials or rights.
    case refused(String)
    /// The store does not answer, also after several attempts.
    case unavailable(String)
    /// An answer or an object that makes no sense, or a request that the store calls wrong.
    case invalid(String)
    /// A file could not be read or written.
    case inputOutput(String)
    case full(String)
    /// The caller's own closure failed; nothing was written.
    case caller(any Error)

    static func wrap(_ error: any Error) -> ObjectStoreError {
        (error as? ObjectStoreError) ?? .caller(error)
    }
}

extension ObjectStoreError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notFound(let key): "there is no object `\(key)`"
        case .refused(let text), .unavailable(let text), .invalid(let text), .inputOutput(let text), .full(let text):
            text
        case .caller(let error): "\(error)"
        }
    }
}

/// Keys are held to what a directory and an S3 bucket both take.
enum ObjectKey {
    static func check(_ key: String) throws(ObjectStoreError) {
        let names = key.split(separator: "/", omittingEmptySubsequences: false)
        let isWrong = names.contains { name in
            name.isEmpty || name == "." || name == ".." || name.utf8.count > 255 || name.utf8.contains(0)
        }
        guard !isWrong, key.utf8.count <= 1024 else { throw .invalid("`\(key)` cannot be the key of an object") }
    }
}
