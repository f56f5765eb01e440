import QuiverModel

/// One update request in the log: its operations with everything they refer to resolved, so that reading
/// it again needs no filter, no clock and no other state.
///
/// Little-endian. A record is
///
///     u8   format (1)
///     u32  number of operations, each
///       u8   kind (`LogOperationKind`)
///       …    by kind
///
/// A *point* is `u32 slot, u8 tag (0: number, 1: UUID), 8 or 16 bytes id, big-endian`; a *text* or *block*
/// is `u32 length` and the bytes; points are `u32 count` and that many points.
///
///     upsert, updateVectors   u16 names, each a text; u32 count, each
///                               point; u32 payload length (0xFFFFFFFF: none) and the bytes;
///                               u16 vectors, each: u16 name, u32 components, f32 each
///     deletePoints            points
///     deleteVectors           u16 names, each a text; points
///     setPayload              text path ("" for none); block payload; points
///     overwritePayload        block payload; points
///     deletePayload           u16 keys, each a text; points
///     clearPayload            points
enum LogRecord {
    static let format: UInt8 = 1
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

    mutating func write(nameIndex: Int, floats: UnsafeBufferPointer<Float>) {
        writer.write(UInt16(truncatingIfNeeded: nameIndex))
        writer.write(UInt32(truncatingIfNeeded: floats.count))
        unsafe writer.write(floats: floats)
    }
}

/// What reading the log again has to know of it: which vectors came, and which went.
protocol LogReplayTarget {
    /// A whole point was written: the vectors that it had before are gone.
    mutating func replace(slot: UInt32)
    mutating func setVector(slot: UInt32, name: String, floats: UnsafeBufferPointer<Float>)
    mutating func deletePoint(slot: UInt32)
    mutating func deleteVector(slot: UInt32, name: String)
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
                let count = Int(try reader.read(UInt32.self))
                guard name < names.count else { throw ByteReader.Malformed() }
                let bytes = unsafe try reader.take(count * MemoryLayout<Float>.size)
                unsafe withFloats(bytes) { unsafe target.setVector(slot: slot, name: names[name], floats: $0) }
            }
        }
    }

    /// Floats lie unaligned in a record: they are copied out.
    private static func withFloats(_ bytes: UnsafeRawBufferPointer, _ body: (UnsafeBufferPointer<Float>) -> Void) {
        let count = bytes.count / MemoryLayout<Float>.size
        unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: max(1, count)) { floats in
            unsafe UnsafeMutableRawBufferPointer(floats).copyMemory(from: bytes)
            unsafe body(UnsafeBufferPointer(start: floats.baseAddress, count: count))
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
