import QuiverModel

/// One update request in the log: its operations with everything they refer to resolved, so that reading
/// it again needs no filter, no clock and no other state.
///
/// Little-endian. A record is
///
///     u8   format (2)
///     u32  number of operations, each
///       u8   kind (`LogOperationKind`)
///       …    by kind
///
/// A *point* is `u32 slot, u8 tag (0: number, 1: UUID), 8 or 16 bytes id, big-endian`; a *text* or *block*
/// is `u32 length` and the bytes; points are `u32 count` and that many points. A *vector* is `u32 rows` (1; of a
/// multivector its rows; 0 of a sparse vector), `u32 components` of all rows together, for a sparse vector as many
/// u32 indices, and the components as f32.
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
enum LogRecord {
    static let format: UInt8 = 2
    static let noPayload = UInt32.max
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
}

/// Builds one record while its request is applied.
struct LogRecordWriter: ~Copyable {
    private var writer = ByteWriter()
    private var operations: UInt32 = 0

    init() {
        writer.write(LogRecord.format)
        writer.write(UInt32(0))
    }

    /// The finished record.
    consuming func finish() -> [UInt8] {
        var bytes = writer.takeBytes()
        let count = operations.littleEndian
        unsafe withUnsafeBytes(of: count) { source in
            for index in 0..<4 { unsafe bytes[1 + index] = source[index] }
        }
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
        guard try reader.read(UInt8.self) == LogRecord.format else { throw ByteReader.Malformed() }
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
            }
        }
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

    private static func readTexts(_ reader: inout ByteReader) throws(ByteReader.Malformed) -> [String] {
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
