import QuiverLMDB
import QuiverModel

/// One change of a collection in the log: an update request with everything its operations refer to resolved, so that
/// reading it again needs no filter, no clock and no other state; or a change of what the collection consists of.
///
/// Each step of a collection's sequence number is one record, also where the change changed nothing. So a copy of the
/// collection as it was at one number becomes, by the records behind it, the collection at any later one
/// (`CollectionReplay`); and what is not in sealed segments is read from the newest ones at open (`LogReplay`).
///
/// Little-endian. A record is
///
///     u8   format (3)
///     u64  sequence number
///     u64  time, microseconds since 1970; not smaller than that of the record before
///     u32  number of operations, each
///       u8   kind (`LogOperationKind`)
///       …    by kind
///     u32  CRC-32C of all that: a record is read far from where it was written
///
/// A *point* is `u32 slot, u8 tag (0: number, 1: UUID), 8 or 16 bytes id, big-endian`; a *text* or *block*
/// is `u32 length` and the bytes; points are `u32 count` and that many points. A *vector* is `u32 rows` (1; of a
/// multivector its rows; 0 of a sparse vector), `u32 components` of all rows together, for a sparse vector as many
/// u32 indices, and the components as f32: normalised and rounded as they are stored.
///
///     upsert, updateVectors   u16 names, each a text; u32 count, each
///                               point; u32 payload length (0xFFFFFFFF: none) and the bytes;
///                               u16 vectors, each: u16 name, a *vector*
///     deletePoints            points
///     deleteVectors           u16 names, each a text; points
///     setPayload              text path ("" for none); block payload; points
///     overwritePayload        block payload; points
///     deletePayload           u16 keys, each a text; points
///     clearPayload            points
///     dropVectorName          text name: what older records say of it does not count
///     makeFieldIndex          text path; block `PayloadIndexParams` as JSON
///     dropFieldIndex          text path
///     makeVectorName          text name; u8 0: `VectorParams`, 1: `SparseVectorParams`; block, those as JSON
///     changeConfiguration     block: the whole `CollectionConfig` after the change, as JSON
///
/// The kinds from `dropVectorName` on are each the only operation of their record.
enum LogRecord {
    static let format: UInt8 = 3
    static let noPayload = UInt32.max

    /// Where the number of operations stands.
    static let countOffset = 1 + 8 + 8
    static let checksumBytes = CRC32C.byteCount

    static func checkFormat(_ record: UnsafeRawBufferPointer) throws(QuiverError) {
        guard let found = unsafe record.first else { return }
        try KnownFormat.check("a record of the log", found, format)
    }

    /// Reads past the head of a record.
    static func readHead(_ reader: inout ByteReader) throws(ByteReader.Malformed) -> LogMoment {
        guard try reader.read(UInt8.self) == format else { throw ByteReader.Malformed() }
        return LogMoment(sequence: try reader.read(), time: try reader.read())
    }

    /// Whether a record is as it was written.
    static func isSound(_ record: UnsafeRawBufferPointer) -> Bool {
        guard record.count >= countOffset + checksumBytes else { return false }
        let end = record.count - checksumBytes
        let checksum = unsafe record.loadUnaligned(fromByteOffset: end, as: UInt32.self)
        return unsafe CRC32C.of(UnsafeRawBufferPointer(rebasing: record[..<end])) == UInt32(littleEndian: checksum)
    }

    static func moment(_ record: UnsafeRawBufferPointer) throws(ByteReader.Malformed) -> LogMoment {
        var reader = unsafe ByteReader(record)
        return try readHead(&reader)
    }
}

/// The number of a change, and when it was.
struct LogMoment: Equatable, Sendable {
    var sequence: UInt64
    /// Microseconds since 1970.
    var time: UInt64
}

enum LogOperationKind: UInt8 {
    case upsert = 1
    case updateVectors
    case deletePoints
    case deleteVectors
    case setPayload
    case overwritePayload
    case deletePayload
    case clearPayload
    case dropVectorName
    case makeFieldIndex
    case dropFieldIndex
    case makeVectorName
    case changeConfiguration
}

/// Builds one record while its request is applied.
struct LogRecordWriter: ~Copyable {
    private var writer = ByteWriter()
    private var operations: UInt32 = 0

    init(_ moment: LogMoment) {
        writer.write(LogRecord.format)
        writer.write(moment.sequence)
        writer.write(moment.time)
        writer.write(UInt32(0))
    }

    /// The finished record.
    consuming func finish() -> [UInt8] {
        var bytes = writer.takeBytes()
        let count = operations.littleEndian
        unsafe withUnsafeBytes(of: count) { source in
            for index in 0..<4 { unsafe bytes[LogRecord.countOffset + index] = source[index] }
        }
        let checksum = unsafe bytes.withUnsafeBytes { unsafe CRC32C.of($0) }
        unsafe withUnsafeBytes(of: checksum.littleEndian) { unsafe bytes.append(contentsOf: $0) }
        return bytes
    }

    mutating func begin(_ kind: LogOperationKind) {
        operations += 1
        writer.write(kind.rawValue)
    }

    mutating func reserve(_ byteCount: Int) { writer.reserve(byteCount) }

    mutating func write(names: [String]) {
        writer.write(UInt16(truncatingIfNeeded: names.count))
        for name in names { writer.write(text: name) }
    }

    mutating func write(text: String) { writer.write(text: text) }

    mutating func write(tag: UInt8) { writer.write(tag) }

    mutating func write(block: [UInt8]) { writer.write(block: block.span) }

    mutating func write(payload: Payload?) {
        guard let payload else {
            writer.write(LogRecord.noPayload)
            return
        }
        writer.write(block: payload.utf8.span)
    }

    mutating func write(count: Int) { writer.write(UInt32(truncatingIfNeeded: count)) }

    mutating func write(slot: UInt32, id: PointID) {
        writer.write(slot)
        switch id {
        case .number(let number):
            writer.write(UInt8(0))
            writer.write(number.bigEndian)
        case .uuid(let uuid):
            writer.write(UInt8(1))
            writer.write(uuid.high.bigEndian)
            writer.write(uuid.low.bigEndian)
        }
    }

    mutating func write(vectorCount: Int) { writer.write(UInt16(truncatingIfNeeded: vectorCount)) }

    mutating func write(nameIndex: Int, _ numbers: VectorNumbers) {
        writer.write(UInt16(truncatingIfNeeded: nameIndex))
        writer.write(unsafe numbers.indices == nil ? UInt32(truncatingIfNeeded: numbers.rowCount) : 0)
        writer.write(UInt32(truncatingIfNeeded: numbers.count))
        if let indices = unsafe numbers.indices {
            unsafe writer.write(words: UnsafeBufferPointer(start: indices, count: numbers.count))
        }
        unsafe writer.write(words: UnsafeBufferPointer(start: numbers.floats, count: numbers.count))
    }
}

/// What reading the log again has to know of it: which vectors came, and which went.
protocol LogReplayTarget {
    /// A whole point was written: the vectors that it had before are gone.
    mutating func replace(slot: UInt32)
    mutating func setVector(slot: UInt32, name: String, _ numbers: VectorNumbers)
    mutating func deletePoint(slot: UInt32)
    mutating func deleteVector(slot: UInt32, name: String)
    /// All vectors of the name went.
    mutating func dropVectors(name: String)
}

/// Reads records for their effect on the growing segments.
enum LogReplay {
    static func apply<Target: LogReplayTarget>(
        _ record: UnsafeRawBufferPointer, to target: inout Target
    ) throws(ByteReader.Malformed) {
        var reader = unsafe ByteReader(record)
        _ = try LogRecord.readHead(&reader)
        let operations = try reader.read(UInt32.self)
        for _ in 0..<operations {
            guard let kind = LogOperationKind(rawValue: try reader.read()) else { throw ByteReader.Malformed() }
            switch kind {
            case .upsert: try applyPoints(&reader, replacing: true, to: &target)
            case .updateVectors: try applyPoints(&reader, replacing: false, to: &target)
            case .deletePoints:
                for _ in 0..<(try reader.read(UInt32.self)) { target.deletePoint(slot: try readPoint(&reader)) }
            case .deleteVectors:
                let names = try readTexts(&reader)
                for _ in 0..<(try reader.read(UInt32.self)) {
                    let slot = try readPoint(&reader)
                    for name in names { target.deleteVector(slot: slot, name: name) }
                }
            case .setPayload:
                _ = unsafe try reader.readBlock()
                _ = unsafe try reader.readBlock()
                try skipPoints(&reader)
            case .overwritePayload:
                _ = unsafe try reader.readBlock()
                try skipPoints(&reader)
            case .deletePayload:
                _ = try readTexts(&reader)
                try skipPoints(&reader)
            case .clearPayload: try skipPoints(&reader)
            case .dropVectorName: target.dropVectors(name: try reader.readText())
            // What is there now is known from elsewhere.
            case .makeFieldIndex:
                _ = unsafe try reader.readBlock()
                _ = unsafe try reader.readBlock()
            case .dropFieldIndex, .changeConfiguration: _ = unsafe try reader.readBlock()
            case .makeVectorName:
                _ = unsafe try reader.readBlock()
                _ = try reader.read(UInt8.self)
                _ = unsafe try reader.readBlock()
            }
        }
        // Looked at by who brings records from elsewhere; the parts in `wal` have their own.
        guard reader.remaining == LogRecord.checksumBytes else { throw ByteReader.Malformed() }
    }

    private static func applyPoints<Target: LogReplayTarget>(
        _ reader: inout ByteReader, replacing: Bool, to target: inout Target
    ) throws(ByteReader.Malformed) {
        let names = try readTexts(&reader)
        for _ in 0..<(try reader.read(UInt32.self)) {
            let slot = try readPoint(&reader)
            let payloadBytes = try reader.read(UInt32.self)
            if payloadBytes != LogRecord.noPayload { _ = unsafe try reader.take(Int(payloadBytes)) }
            if replacing { target.replace(slot: slot) }
            for _ in 0..<(try reader.read(UInt16.self)) {
                let name = Int(try reader.read(UInt16.self))
                let rowCount = Int(try reader.read(UInt32.self))
                let count = Int(try reader.read(UInt32.self))
                guard name < names.count, rowCount <= max(1, count) else { throw ByteReader.Malformed() }
                let words = rowCount == 0 ? 2 * count : count
                let bytes = unsafe try reader.take(words * MemoryLayout<Float>.size)
                unsafe withNumbers(bytes, rowCount: rowCount, count: count) {
                    target.setVector(slot: slot, name: names[name], $0)
                }
            }
        }
    }

    /// The numbers lie unaligned in a record: they are copied out.
    private static func withNumbers(
        _ bytes: UnsafeRawBufferPointer, rowCount: Int, count: Int, _ body: (VectorNumbers) -> Void
    ) {
        unsafe withUnsafeTemporaryAllocation(byteCount: max(4, bytes.count), alignment: 16) { memory in
            unsafe memory.copyMemory(from: bytes)
            guard let base = memory.baseAddress else { return }
            if rowCount == 0 {
                unsafe body(
                    VectorNumbers(
                        floats: (base + count * 4).assumingMemoryBound(to: Float.self), count: count,
                        indices: UnsafePointer(base.assumingMemoryBound(to: UInt32.self))))
            } else {
                unsafe body(
                    VectorNumbers(
                        floats: UnsafePointer(base.assumingMemoryBound(to: Float.self)), count: count,
                        rowCount: rowCount))
            }
        }
    }

    static func readTexts(_ reader: inout ByteReader) throws(ByteReader.Malformed) -> [String] {
        var texts: [String] = []
        for _ in 0..<(try reader.read(UInt16.self)) { texts.append(try reader.readText()) }
        return texts
    }

    private static func readPoint(_ reader: inout ByteReader) throws(ByteReader.Malformed) -> UInt32 {
        let slot = try reader.read(UInt32.self)
        let tag = try reader.read(UInt8.self)
        guard tag <= 1 else { throw ByteReader.Malformed() }
        _ = unsafe try reader.take(tag == 0 ? 8 : 16)
        return slot
    }

    private static func skipPoints(_ reader: inout ByteReader) throws(ByteReader.Malformed) {
        for _ in 0..<(try reader.read(UInt32.self)) { _ = try readPoint(&reader) }
    }
}
