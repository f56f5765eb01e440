import QuiverLMDB
import QuiverModel

/// The records of `points.mdb` as a stream that knows nothing of LMDB: every database, key and value, in order.
///
/// The stream comes in *parts* of at most 4 MiB, which are read in their order. A part begins with `u32 magic`,
/// `u32 version`, `u64 number of the part`, little-endian; *items* follow. An item is one byte, its kind, and what the
/// table says. `n` is a number in LEB128: seven bits a byte, the lowest first, the highest bit set in all but the last.
///
/// | kind | item | follows |
/// |---|---|---|
/// | 1 | a database | n bytes of its name; u8 form; u8 flags (1: derived from others); n entries it has, each slot of a posting counting as one |
/// | 2 | an entry with a key of bytes | n bytes of the key, n bytes of the value |
/// | 3 | an entry with a number for a key | n: the number less that of the entry before it, the number itself for the first; n bytes of the value |
/// | 4 | a posting | n bytes of the key; n slots; of each n: the slot less the one before it, the slot itself for the first |
/// | 5 | more slots of the same posting | n slots; of each n: the slot less the one before it |
/// | 6 | the beginning of a long value, key of bytes | n bytes of the key; n: bytes of the whole value; n bytes of its first piece |
/// | 7 | the beginning of a long value, key a number | n as for 3; n: bytes of the whole value; n bytes of its first piece |
/// | 8 | more of the same value | n bytes of the next piece |
/// | 9 | the end of the stream | n databases it had |
///
/// Forms: 0 bytes → bytes, 1 number (u32) → bytes, 2 bytes → ascending numbers (u32). Keys ascend: as bytes, or as
/// numbers. An item never reaches into the next part; values above 64 KiB are long ones.
///
/// Databases come in the order of their names; those that are derived from others (`index/…`) come last. What is said of
/// the files of one directory alone is left out.
enum RecordStream {
    static let magic: UInt32 = 0x4345_5251  // "QREC"
    static let version: UInt32 = 1
    static let headerBytes = 16
    static let partBytes = 4 << 20
    static let longestPlainValue = 64 << 10
    static let derivedPrefix = "index/"
    /// Databases that speak of this directory's files.
    static let localDatabases: Set<String> = ["stamps"]

    enum Kind {
        static let database: UInt8 = 1
        static let entry: UInt8 = 2
        static let numberedEntry: UInt8 = 3
        static let posting: UInt8 = 4
        static let morePosting: UInt8 = 5
        static let longValue: UInt8 = 6
        static let numberedLongValue: UInt8 = 7
        static let moreValue: UInt8 = 8
        static let end: UInt8 = 9
    }

    enum Form: UInt8 {
        case bytes = 0
        case numbers = 1
        case postings = 2

        init?(_ flags: Table.Flags) {
            switch flags {
            case []: self = .bytes
            case .integerKey: self = .numbers
            case .postings: self = .postings
            default: return nil
            }
        }

        var flags: Table.Flags {
            switch self {
            case .bytes: []
            case .numbers: .integerKey
            case .postings: .postings
            }
        }
    }

    static func isDerived(_ name: String) -> Bool { name.hasPrefix(derivedPrefix) }

    /// Of the bytes, the shorter first; those that are derived last.
    static func comesBefore(_ left: String, _ right: String) -> Bool {
        if isDerived(left) != isDerived(right) { return isDerived(right) }
        return left.utf8.lexicographicallyPrecedes(right.utf8)
    }
}

/// Writes the stream from a read transaction. Holds one part.
@safe
struct RecordStreamWriter: ~Copyable {
    private let environment: Environment
    private let transaction: TransactionHandle
    private let base: UnsafeMutableRawPointer
    private var position = 0
    private var partNumber: UInt64 = 0
    private var trace = MapTrace()

    /// Parts between two times that the pages read are let go of.
    private static let partsOfTrace: UInt64 = 2

    init(_ environment: Environment, _ transaction: TransactionHandle) {
        self.environment = environment
        self.transaction = transaction
        unsafe base = .allocate(byteCount: RecordStream.partBytes, alignment: 64)
    }

    deinit { unsafe base.deallocate() }

    mutating func write(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        beginPart()
        var count: UInt64 = 0
        let databases = environment.openDatabases.sorted { RecordStream.comesBefore($0.name, $1.name) }
        for (name, database) in databases where !RecordStream.localDatabases.contains(name) {
            let entries = try transaction.entryCount(database)
            // That of a dropped index is empty.
            if entries == 0 && RecordStream.isDerived(name) { continue }
            guard let form = RecordStream.Form(database.flags) else {
                throw QuiverError.service("database \(name) has a form that the record stream does not know")
            }
            try unsafe begin(name, form, entries: entries, body)
            switch form {
            case .bytes, .numbers: try unsafe writeEntries(database, form, body)
            case .postings: try unsafe writePostings(database, body)
            }
            count += 1
        }
        try unsafe makeRoom(16, body)
        put(RecordStream.Kind.end)
        put(number: count)
        try unsafe endPart(body)
        trace.letGo()
    }

    private mutating func begin(
        _ name: String, _ form: RecordStream.Form, entries: Int, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        try unsafe makeRoom(32 + name.utf8.count, body)
        put(RecordStream.Kind.database)
        put(number: UInt64(name.utf8.count))
        for byte in name.utf8 { put(byte) }
        put(form.rawValue)
        put(RecordStream.isDerived(name) ? 1 : 0)
        put(number: UInt64(entries))
    }

    // MARK: Entries

    private mutating func writeEntries(
        _ database: Table, _ form: RecordStream.Form, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var cursor = try transaction.openCursor(database)
        var before: UInt64 = 0
        var found = unsafe try cursor.first()
        while let entry = unsafe found {
            let isLong = unsafe entry.value.count > RecordStream.longestPlainValue
            let valueRoom = unsafe isLong ? 4096 : entry.value.count
            try unsafe makeRoom(32 + entry.key.count + valueRoom, body)
            switch form {
            case .numbers:
                guard unsafe entry.key.count == 4 else { throw LMDBError.corrupted }
                let number = UInt64(unsafe entry.key.loadUnaligned(as: UInt32.self))
                put(isLong ? RecordStream.Kind.numberedLongValue : RecordStream.Kind.numberedEntry)
                put(number: number &- before)
                before = number
            case .bytes, .postings:
                put(isLong ? RecordStream.Kind.longValue : RecordStream.Kind.entry)
                unsafe put(bytes: entry.key)
            }
            if isLong {
                try unsafe putLong(entry.value, body)
            } else {
                unsafe put(bytes: entry.value)
            }
            unsafe trace.note(entry.value)
            unsafe found = try cursor.next()
        }
    }

    private mutating func putLong(
        _ value: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        put(number: UInt64(value.count))
        var start = 0
        while true {
            let count = min(value.count - start, RecordStream.partBytes - position - 8)
            unsafe put(bytes: UnsafeRawBufferPointer(rebasing: value[start..<start + count]))
            start += count
            if start == value.count { return }
            try unsafe makeRoom(4096, body)
            put(RecordStream.Kind.moreValue)
        }
    }

    // MARK: Postings

    private mutating func writePostings(_ database: Table, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        var cursor = try transaction.openCursor(database)
        var found = unsafe try cursor.first()
        while let entry = unsafe found {
            try unsafe makeRoom(16 + entry.key.count, body)
            put(RecordStream.Kind.posting)
            unsafe put(bytes: entry.key)
            unsafe trace.note(entry.value)
            var before: UInt32 = 0
            var isFirst = true
            var next: PostingRun? = try unsafe cursor.firstPostings(entry.value)
            while let run = next {
                unsafe trace.note(UnsafeRawBufferPointer(start: run.base, count: run.count * 4))
                if isFirst {
                    // The key and its first slots are one item: if they do not fit, the item ends without slots.
                    if 5 * run.count + 16 > RecordStream.partBytes - position {
                        put(number: 0)
                        try unsafe makeRoom(5 * run.count + 16, body)
                        put(RecordStream.Kind.morePosting)
                    }
                } else {
                    try unsafe makeRoom(5 * run.count + 16, body)
                    put(RecordStream.Kind.morePosting)
                }
                isFirst = false
                put(number: UInt64(run.count))
                for index in 0..<run.count {
                    let slot = run[index]
                    put(number: UInt64(slot &- before))
                    before = slot
                }
                next = try cursor.nextPostings()
            }
            unsafe found = try cursor.nextKey()
        }
    }

    // MARK: Parts

    private mutating func beginPart() {
        unsafe base.storeBytes(of: RecordStream.magic.littleEndian, as: UInt32.self)
        unsafe base.storeBytes(of: RecordStream.version.littleEndian, toByteOffset: 4, as: UInt32.self)
        unsafe base.storeBytes(of: partNumber.littleEndian, toByteOffset: 8, as: UInt64.self)
        position = RecordStream.headerBytes
    }

    private mutating func endPart(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        try unsafe body(UnsafeRawBufferPointer(start: base, count: position))
        partNumber += 1
        if partNumber % RecordStreamWriter.partsOfTrace == 0 { trace.letGo() }
        beginPart()
    }

    @inline(__always)
    private mutating func makeRoom(_ count: Int, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        if position + count > RecordStream.partBytes { try unsafe endPart(body) }
    }

    // Room has been made.

    @inline(__always)
    private mutating func put(_ byte: UInt8) {
        unsafe base.storeBytes(of: byte, toByteOffset: position, as: UInt8.self)
        position &+= 1
    }

    @inline(__always)
    private mutating func put(number: UInt64) {
        var rest = number
        while rest > 127 {
            put(UInt8(truncatingIfNeeded: rest) | 128)
            rest >>= 7
        }
        put(UInt8(truncatingIfNeeded: rest))
    }

    @inline(__always)
    private mutating func put(bytes: UnsafeRawBufferPointer) {
        put(number: UInt64(bytes.count))
        if let source = bytes.baseAddress { unsafe (base + position).copyMemory(from: source, byteCount: bytes.count) }
        position &+= bytes.count
    }
}

extension CollectionCore {
    /// A map cannot grow while it is read, so that it grows before a long reading where it may soon have to.
    func makeRoomForLongRead() {
        guard let info = try? store.environment.info(), info.usedBytes > info.mapSizeBytes / 2 else { return }
        // In vain when other long readings are under way; the writer tries again when it has to.
        try? store.environment.growMap(to: info.mapSizeBytes * 2, timeoutMs: 200)
    }
}
