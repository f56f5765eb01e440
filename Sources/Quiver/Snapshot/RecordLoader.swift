import QuiverLMDB
import QuiverModel

/// Fills the databases of a new store from a record stream: each part in a transaction of its own, every key behind the
/// one before it, so that LMDB fills page after page.
///
/// The stream may come from anywhere: nothing of it is believed.
final class RecordLoader {
    private let store: CollectionStore
    /// The databases that a store has from the beginning.
    private let known: [String: Table]
    private var nextPart: UInt64 = 0
    private var databaseCount: UInt64 = 0
    private var current: Target?
    private var long: LongValue?
    private(set) var isComplete = false

    private struct Target {
        var name: String
        var table: Table
        var form: RecordStream.Form
        var expected: UInt64
        var loaded: UInt64 = 0
        /// The last key that is a number.
        var number: UInt64?
        /// The key of the posting that is being loaded, and its last slot.
        var postingKey: [UInt8] = []
        var slot: UInt32?
    }

    private struct LongValue {
        var key: [UInt8]
        var byteCount: UInt64
        var bytes: [UInt8]
    }

    /// A long value's bytes, which a request once brought.
    private static let longestValue: UInt64 = 1 << 30
    /// What one part can take in the map, with room to spare: an item of three bytes is an entry of twenty.
    private static let roomOfPart = 192 << 20

    init(_ store: CollectionStore) {
        self.store = store
        known = Dictionary(store.environment.openDatabases.map { ($0.name, $0.database) }) { first, _ in first }
    }

    func load(_ part: UnsafeRawBufferPointer) throws {
        do {
            try unsafe loadWhole(part)
        } catch LMDBError.appendOutOfOrder, LMDBError.keyTooLong, LMDBError.badSize {
            throw RecordLoader.damaged("keys are out of order or too long")
        }
    }

    private func loadWhole(_ part: UnsafeRawBufferPointer) throws {
        try makeRoom()
        var reader = unsafe RecordReader(part)
        guard try reader.take(UInt32.self) == RecordStream.magic else { throw RecordLoader.damaged("they are none") }
        try KnownFormat.check("the stream of records", try reader.take(UInt32.self), RecordStream.version)
        guard try reader.take(UInt64.self) == nextPart, !isComplete else { throw RecordLoader.damaged("a part is missing") }
        nextPart += 1
        var transaction = try store.environment.beginWrite()
        while !reader.isAtEnd {
            // A cursor is of one database.
            if current != nil { try loadItems(&reader, transaction.handle, &transaction) }
            if reader.isAtEnd { break }
            try beginDatabase(&reader, &transaction)
        }
        try transaction.commit()
    }

    private func makeRoom() throws {
        let info = try store.environment.info()
        if info.mapSizeBytes - info.usedBytes < RecordLoader.roomOfPart {
            try store.environment.growMap(to: info.mapSizeBytes + 4 * RecordLoader.roomOfPart)
        }
    }

    static func damaged(_ what: String) -> QuiverError { QuiverError(.corrupted, "the records are damaged: \(what)") }

    // MARK: Databases

    /// At an item that is a database or the end.
    private func beginDatabase(_ reader: inout RecordReader, _ transaction: inout WriteTransaction) throws {
        try finishDatabase()
        switch try reader.take(UInt8.self) {
        case RecordStream.Kind.end:
            guard try reader.takeNumber() == databaseCount, reader.isAtEnd else { throw RecordLoader.damaged("the end") }
            isComplete = true
        case RecordStream.Kind.database:
            let name = try unsafe String(validating: reader.takeBytes(), as: UTF8.self)
            guard let name, let form = RecordStream.Form(rawValue: try reader.take(UInt8.self)) else {
                throw RecordLoader.damaged("the name of a database")
            }
            let isDerived = RecordStream.isDerived(name)
            guard try reader.take(UInt8.self) == (isDerived ? 1 : 0), !RecordStream.localDatabases.contains(name),
                isDerived ? form == .postings : known[name]?.flags == form.flags
            else { throw RecordLoader.damaged("there is no database \"\(name)\" of this form") }
            if let current, !RecordStream.comesBefore(current.name, name) {
                throw RecordLoader.damaged("the databases are out of order")
            }
            let table: Table
            if let found = known[name] {
                table = found
                // What a new store begins with.
                try transaction.removeAll(table)
            } else {
                table = try transaction.openDatabase(name, flags: .postings, creating: true)
            }
            current = Target(name: name, table: table, form: form, expected: try reader.takeNumber())
            databaseCount += 1
        default: throw RecordLoader.damaged("an item of an unknown kind")
        }
    }

    private func finishDatabase() throws {
        guard let current else { return }
        guard long == nil, current.loaded == current.expected else {
            throw RecordLoader.damaged("\(current.name) has \(current.loaded) entries of \(current.expected)")
        }
    }

    // MARK: Items

    /// The items of the current database, until another begins or the part ends.
    private func loadItems(
        _ reader: inout RecordReader, _ handle: TransactionHandle, _ transaction: inout WriteTransaction
    ) throws {
        guard var target = current else { return }
        defer { current = target }
        var cursor = try transaction.openCursor(target.table)
        var slots: [UInt32] = []
        while let kind = reader.nextKind {
            if long != nil && kind != RecordStream.Kind.moreValue { throw RecordLoader.damaged("a value is cut off") }
            switch (kind, target.form) {
            case (RecordStream.Kind.database, _), (RecordStream.Kind.end, _):
                return
            case (RecordStream.Kind.entry, .bytes):
                reader.skipKind()
                let key = try unsafe reader.takeBytes()
                try unsafe cursor.put(key, reader.takeBytes(), .append)
                target.loaded += 1
            case (RecordStream.Kind.numberedEntry, .numbers):
                reader.skipKind()
                let key = SlotKey(try RecordLoader.nextNumber(&target, &reader))
                try unsafe cursor.put(key, reader.takeBytes(), .append)
                target.loaded += 1
            case (RecordStream.Kind.posting, .postings):
                reader.skipKind()
                let key = try unsafe reader.takeBytes()
                guard unsafe target.postingKey.isEmpty || target.postingKey.lexicographicallyPrecedes(key) else {
                    throw RecordLoader.damaged("the keys of \(target.name) are out of order")
                }
                unsafe target.postingKey = Array(key)
                target.slot = nil
                try loadSlots(&reader, &cursor, &target, &slots)
            case (RecordStream.Kind.morePosting, .postings):
                reader.skipKind()
                guard !target.postingKey.isEmpty else { throw RecordLoader.damaged("a posting without a key") }
                try loadSlots(&reader, &cursor, &target, &slots)
            case (RecordStream.Kind.longValue, .bytes):
                reader.skipKind()
                let key = try unsafe Array(reader.takeBytes())
                try beginLong(key, &reader)
                try finishLong(&cursor, &target)
            case (RecordStream.Kind.numberedLongValue, .numbers):
                reader.skipKind()
                let key = SlotKey(try RecordLoader.nextNumber(&target, &reader))
                try beginLong(unsafe key.withBytes { unsafe Array($0) }, &reader)
                try finishLong(&cursor, &target)
            case (RecordStream.Kind.moreValue, _):
                reader.skipKind()
                let piece = try unsafe reader.takeBytes()
                guard let value = long, UInt64(piece.count) <= value.byteCount - UInt64(value.bytes.count) else {
                    throw RecordLoader.damaged("a value is longer than it should be")
                }
                unsafe long?.bytes.append(contentsOf: piece)
                try finishLong(&cursor, &target)
            default: throw RecordLoader.damaged("an item of an unknown kind")
            }
        }
    }

    private static func nextNumber(_ target: inout Target, _ reader: inout RecordReader) throws -> UInt32 {
        let step = try reader.takeNumber()
        guard let before = target.number else {
            guard let first = UInt32(exactly: step) else { throw damaged("a key is too large") }
            target.number = step
            return first
        }
        guard step > 0, step <= UInt64(UInt32.max) - before else { throw damaged("numbered keys are out of order") }
        target.number = before + step
        return UInt32(truncatingIfNeeded: before + step)
    }

    private func loadSlots(
        _ reader: inout RecordReader, _ cursor: inout Cursor, _ target: inout Target, _ slots: inout [UInt32]
    ) throws {
        let count = try reader.takeNumber()
        // Each is at least one byte.
        guard count <= UInt64(reader.remaining) else { throw RecordLoader.damaged("a posting is cut off") }
        slots.removeAll(keepingCapacity: true)
        for _ in 0..<count {
            let step = try reader.takeNumber()
            if let before = target.slot {
                guard step > 0, step <= UInt64(UInt32.max - before) else {
                    throw RecordLoader.damaged("slots are out of order")
                }
                target.slot = before + UInt32(truncatingIfNeeded: step)
            } else {
                guard let first = UInt32(exactly: step) else { throw RecordLoader.damaged("a slot is too large") }
                target.slot = first
            }
            slots.append(target.slot ?? 0)
        }
        if slots.isEmpty { return }
        try unsafe slots.withUnsafeBufferPointer { try unsafe cursor.putPostings(target.postingKey, $0) }
        target.loaded += count
    }

    private func beginLong(_ key: [UInt8], _ reader: inout RecordReader) throws {
        let byteCount = try reader.takeNumber()
        let piece = try unsafe reader.takeBytes()
        guard byteCount <= RecordLoader.longestValue, UInt64(piece.count) <= byteCount else {
            throw RecordLoader.damaged("a value is too long")
        }
        long = unsafe LongValue(key: key, byteCount: byteCount, bytes: Array(piece))
    }

    /// Stores the long value once it is whole.
    private func finishLong(_ cursor: inout Cursor, _ target: inout Target) throws {
        guard let value = long, UInt64(value.bytes.count) == value.byteCount else { return }
        try cursor.put(value.key, value.bytes, .append)
        target.loaded += 1
        long = nil
    }
}

/// Reads items; every read is checked against the end of the part.
@safe
struct RecordReader {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    /// `bytes` has to outlive the reader.
    init(_ bytes: UnsafeRawBufferPointer) {
        unsafe self.bytes = unsafe bytes
    }

    var isAtEnd: Bool { unsafe position == bytes.count }
    var remaining: Int { unsafe bytes.count - position }
    var nextKind: UInt8? { isAtEnd ? nil : unsafe bytes[position] }

    mutating func skipKind() { position += 1 }

    private static var cutOff: QuiverError { RecordLoader.damaged("a part is cut off") }

    mutating func take<Number: FixedWidthInteger & BitwiseCopyable>(_: Number.Type) throws(QuiverError) -> Number {
        guard remaining >= MemoryLayout<Number>.size else { throw RecordReader.cutOff }
        defer { position += MemoryLayout<Number>.size }
        return Number(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: position, as: Number.self))
    }

    /// In its shortest form, as it is written.
    mutating func takeNumber() throws(QuiverError) -> UInt64 {
        var number: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            guard unsafe position < bytes.count else { throw RecordReader.cutOff }
            let byte = unsafe bytes[position]
            position += 1
            let low = UInt64(byte & 127)
            guard shift < 64, shift < 63 || low <= 1 else { throw RecordLoader.damaged("a number is too large") }
            number |= low << shift
            if byte < 128 {
                guard byte > 0 || shift == 0 else { throw RecordLoader.damaged("a number is longer than it has to be") }
                return number
            }
            shift += 7
        }
    }

    /// A number and as many bytes, in place.
    mutating func takeBytes() throws(QuiverError) -> UnsafeRawBufferPointer {
        let count = try takeNumber()
        guard count <= UInt64(remaining) else { throw RecordReader.cutOff }
        defer { position += Int(count) }
        return unsafe UnsafeRawBufferPointer(rebasing: bytes[position..<position + Int(count)])
    }
}
