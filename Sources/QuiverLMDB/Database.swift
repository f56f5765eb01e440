/// A named table inside an environment: a small number that stays valid while the environment is open.
@frozen @usableFromInline
package struct Database: Hashable, Sendable {
    @usableFromInline
    package struct Flags: OptionSet, Hashable, Sendable {
        // The numbers of lmdb.h, which are part of the file format.
        @usableFromInline package let rawValue: UInt32
        @inlinable package init(rawValue: UInt32) { self.rawValue = rawValue }

        /// A key may have many values, kept sorted; each at most `LMDBLimits.keyByteCount` bytes.
        @inlinable package static var dupSort: Flags { Flags(rawValue: 0x04) }
        /// All values of the database have one size and lie packed in pages.
        @inlinable package static var dupFixed: Flags { Flags(rawValue: 0x10) }
        /// Keys are UInt32 or UInt64 in the machine's byte order.
        @inlinable package static var integerKey: Flags { Flags(rawValue: 0x08) }
        /// Values of `dupFixed` are UInt32 or UInt64 in the machine's byte order.
        @inlinable package static var integerDup: Flags { Flags(rawValue: 0x20) }
        /// Key → sorted UInt32 slots.
        @inlinable package static var postings: Flags { [.dupSort, .dupFixed, .integerDup] }
    }

    @usableFromInline package let identifier: UInt32
    @usableFromInline package let flags: Flags

    @usableFromInline
    init(identifier: UInt32, flags: Flags) {
        self.identifier = identifier
        self.flags = flags
    }

    /// The unnamed database that every file has; it also holds the names of the others.
    package static let main = Database(identifier: 1, flags: [])
}

/// The handles an environment knows.
struct DatabaseTable {
    var byName: [DatabaseName: Database] = [:]
    /// Opened by the write transaction that is live; they move to `byName` when it commits.
    var pending: [DatabaseName: Database] = [:]
}

/// The bytes of a name, as LMDB compares them: strings that are equal for Swift may differ in them.
struct DatabaseName: Hashable {
    let bytes: [UInt8]

    init(_ name: String) { bytes = Array(name.utf8) }
}
