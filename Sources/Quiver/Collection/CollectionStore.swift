import QuiverLMDB
import QuiverModel

/// A named database inside an LMDB environment; `Database` is the engine's public face here.
typealias Table = QuiverLMDB.Database

/// The LMDB environment of one collection, `points.mdb`, and its databases.
///
/// | database | key | value |
/// |---|---|---|
/// | `meta` | `state` | `StoreState` |
/// | `wal` | u64 sequence, u32 part, big-endian | up to `logPartBytes` of a `LogRecord` |
/// | `ids` | u8 tag (0: number, 1: UUID), 8 or 16 bytes, big-endian | u32 slot |
/// | `points` | u32 slot | u64 version, then the id as in `ids` |
/// | `payload` | u32 slot | JSON text as received, minified; `{}` without payload |
/// | `free` | u32 slot | nothing: the slot belongs to no point |
/// | `segments` | u64 segment id, big-endian | `SegmentEntry` |
/// | `stamps` | u64 segment id, big-endian | `FileStamp` of the file when it was last compared with its entry |
/// | `dead` | u64 segment id, big-endian | u32 rows that are dead, each a duplicate |
/// | `indexes` | path of the field | `PayloadIndexParams` as JSON |
/// | `index/<path>` | ordered value | u32 slots: see `QuiverPayload` |
///
/// Slots as keys and values are in the machine's order (`MDB_INTEGERKEY`); everything else that is
/// compared is big-endian; values are little-endian. Values of `meta`, `wal`, `points`, `payload`, `segments` and
/// `indexes` are each a `CheckedValue`, so that damage is found out where they are read; `ids` and `free` are compared
/// with `points`, `dead` has its digest in `StoreState`, an index its own.
struct CollectionStore: Sendable {
    let environment: Environment
    let directory: String

    let meta: Table
    let log: Table
    let ids: Table
    let points: Table
    let payload: Table
    let free: Table
    let segments: Table
    /// Derived: without its stamp a file is only compared once more.
    let stamps: Table
    let dead: Table
    let indexes: Table

    static let fileName = "points.mdb"
    private static let roomFactor = 4
    /// LMDB needs consecutive free pages for a large value: parts of this size keep finding them.
    static let logPartBytes = 60 << 10

    var segmentsDirectory: String { directory + "/segments" }

    func segmentPath(_ id: UInt64) -> String { CollectionStore.segmentPath(id, in: directory) }

    static func segmentPath(_ id: UInt64, in directory: String) -> String {
        let digits = String(id, radix: 16)
        return directory + "/segments/" + String(repeating: "0", count: max(0, 16 - digits.utf8.count)) + digits + ".seg"
    }

    /// Opens the environment in `directory`, making both when they are new.
    init(directory: String, mapBytes: Int) throws(QuiverError) {
        self.directory = directory
        do throws(FileError) {
            try Files.createDirectories(directory + "/segments")
        } catch {
            throw QuiverError(error)
        }
        do throws(LMDBError) {
            let file = directory + "/" + CollectionStore.fileName
            // A map that is to grow waits for all readers, some of which take minutes (a snapshot): so there is room for
            // several times of what is there.
            let room = Files.byteCount(file).multipliedReportingOverflow(by: CollectionStore.roomFactor)
            environment = try Environment(
                path: file,
                options: .init(
                    mapSizeBytes: max(mapBytes, room.overflow ? 0 : room.partialValue), maxReaders: Limits.readers,
                    maxDatabases: 2 * Limits.payloadIndexes + 32, noReadAhead: true, freshLock: true, stamped: true))
            var transaction = try environment.beginWrite()
            meta = try transaction.openDatabase("meta", creating: true)
            log = try transaction.openDatabase("wal", creating: true)
            ids = try transaction.openDatabase("ids", creating: true)
            points = try transaction.openDatabase("points", flags: .integerKey, creating: true)
            payload = try transaction.openDatabase("payload", flags: .integerKey, creating: true)
            free = try transaction.openDatabase("free", flags: .integerKey, creating: true)
            segments = try transaction.openDatabase("segments", creating: true)
            stamps = try transaction.openDatabase("stamps", creating: true)
            dead = try transaction.openDatabase("dead", flags: .postings, creating: true)
            indexes = try transaction.openDatabase("indexes", creating: true)
            try transaction.commit()
        } catch {
            throw QuiverError(error)
        }
    }
}

extension CollectionStore {
    /// Opens a file that nobody has open and whose pages are sound, to be read alone.
    init(reading path: String) throws(LMDBError) {
        directory = Files.parent(of: path)
        environment = try Environment(
            path: path,
            options: .init(maxDatabases: 2 * Limits.payloadIndexes + 32, readOnly: true, noLock: true))
        meta = try environment.openDatabase("meta")
        log = try environment.openDatabase("wal")
        ids = try environment.openDatabase("ids")
        points = try environment.openDatabase("points", flags: .integerKey)
        payload = try environment.openDatabase("payload", flags: .integerKey)
        free = try environment.openDatabase("free", flags: .integerKey)
        segments = try environment.openDatabase("segments")
        stamps = try environment.openDatabase("stamps")
        dead = try environment.openDatabase("dead", flags: .postings)
        indexes = try environment.openDatabase("indexes")
    }
}

/// A slot as a key or value, in the machine's byte order.
struct SlotKey: ByteSource {
    var slot: UInt32

    @inline(__always)
    init(_ slot: UInt32) { self.slot = slot }

    @inline(__always)
    func withBytes<Answer>(_ body: (UnsafeRawBufferPointer) -> Answer) -> Answer {
        var slot = slot
        return unsafe withUnsafeBytes(of: &slot) { unsafe body($0) }
    }

    /// Reads a slot that was stored as a value.
    static func read(_ bytes: UnsafeRawBufferPointer) throws(LMDBError) -> UInt32 {
        guard bytes.count == 4 else { throw .corrupted }
        return unsafe bytes.loadUnaligned(as: UInt32.self)
    }
}

/// Point ids as keys, and as they follow the version in `points`.
enum IDKey {
    static func key(_ id: PointID) -> ShortKey {
        var key = ShortKey()
        switch id {
        case .number(let number):
            key.append(UInt8(0))
            key.append(number)
        case .uuid(let uuid):
            key.append(UInt8(1))
            key.append(uuid.high)
            key.append(uuid.low)
        }
        return key
    }

    static func read(_ bytes: UnsafeRawBufferPointer) throws(LMDBError) -> PointID {
        guard let tag = unsafe bytes.first else { throw .corrupted }
        switch (tag, bytes.count) {
        case (0, 9):
            return .number(unsafe UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 1, as: UInt64.self)))
        case (1, 17):
            return .uuid(
                PointUUID(
                    high: unsafe UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 1, as: UInt64.self)),
                    low: unsafe UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 9, as: UInt64.self))))
        default: throw .corrupted
        }
    }
}

/// What `points` holds of a slot.
struct PointEntry {
    var version: UInt64
    var id: PointID

    static let longestBytes = 8 + 17

    func encoded() -> PointEntryBytes { PointEntryBytes(version: version, id: IDKey.key(id)) }

    init(version: UInt64, id: PointID) {
        self.version = version
        self.id = id
    }

    init(_ bytes: UnsafeRawBufferPointer) throws(LMDBError) {
        guard bytes.count > 8 else { throw .corrupted }
        version = unsafe UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        id = unsafe try IDKey.read(unsafe UnsafeRawBufferPointer(rebasing: bytes[8...]))
    }
}

struct PointEntryBytes: ByteSource {
    var version: UInt64
    var id: ShortKey

    func withBytes<Answer>(_ body: (UnsafeRawBufferPointer) -> Answer) -> Answer {
        unsafe withUnsafeTemporaryAllocation(byteCount: PointEntry.longestBytes, alignment: 8) { memory in
            unsafe memory.storeBytes(of: version.littleEndian, as: UInt64.self)
            let count = unsafe id.withBytes { bytes in
                unsafe UnsafeMutableRawBufferPointer(rebasing: memory[8...]).copyMemory(from: bytes)
                return bytes.count
            }
            return unsafe body(UnsafeRawBufferPointer(rebasing: memory[..<(8 + count)]))
        }
    }
}

/// The counters of a collection, written with every commit.
///
/// `u32 format, u64 sequence, u64 sealed sequence, u32 slots, u64 next segment id, u64 time, u64 log mark` (all bits
/// set: none), `u64 digest of dead rows`, little-endian.
struct StoreState: Equatable {
    static let format: UInt32 = 3
    static let key = "state"

    /// Of the newest update.
    var sequence: UInt64 = 0
    /// Vectors of updates up to this one are in sealed segments; the log holds the later ones.
    var sealedSequence: UInt64 = 0
    /// Slots were given out below this one.
    var slotCount: UInt32 = 0
    var nextSegmentID: UInt64 = 1
    /// Of the newest update, in microseconds since 1970: that of the next one is not smaller.
    var time: UInt64 = 0
    /// Somebody has copied the log up to this record: later ones are kept for them, within `Limits.keptLogBytes`.
    var logMark: UInt64?
    /// `SetDigest` of all dead rows, each with the number of its segment.
    var deadDigest: UInt64 = 0

    init() {}

    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.write(StoreState.format)
        writer.write(sequence)
        writer.write(sealedSequence)
        writer.write(slotCount)
        writer.write(nextSegmentID)
        writer.write(time)
        writer.write(logMark ?? .max)
        writer.write(deadDigest)
        return writer.takeBytes()
    }

    init(_ bytes: UnsafeRawBufferPointer) throws(QuiverError) {
        var reader = unsafe ByteReader(bytes)
        let damage = QuiverError(.corrupted, "the collection's state is damaged")
        guard let format = try? reader.read(UInt32.self) else { throw damage }
        try KnownFormat.check("the collection's state", format, StoreState.format)
        do throws(ByteReader.Malformed) {
            sequence = try reader.read()
            sealedSequence = try reader.read()
            slotCount = try reader.read()
            nextSegmentID = try reader.read()
            time = try reader.read()
            let mark = try reader.read(UInt64.self)
            logMark = mark == .max ? nil : mark
            deadDigest = try reader.read()
        } catch {
            throw damage
        }
    }
}
