import QuiverJSON
import QuiverModel
import QuiverPayload

/// What one record of the log says, by the ids of its points: applied to the collection as it was before the record, it
/// gives the collection as it was after it.
struct LogEntry {
    enum Content {
        /// In the form that `UpdatePreparation` gives them: nothing is normalised or rounded again.
        case updates([UpdateOperation], byteCount: Int)
        case makeFieldIndex(PayloadPath, PayloadIndexParams)
        case dropFieldIndex(PayloadPath)
        case makeVectorName(String, VectorNameConfig)
        case dropVectorName(String)
        case changeConfiguration(CollectionConfig)
    }

    var moment: LogMoment
    var content: Content

    /// - Throws: `.corrupted` for what this version of the engine did not write.
    init(_ record: UnsafeRawBufferPointer) throws(QuiverError) {
        unsafe try LogRecord.checkFormat(record)
        guard unsafe LogRecord.isSound(record) else {
            throw QuiverError(.corrupted, "its checksum is another")
        }
        var reader = unsafe LogEntryReader(record)
        do {
            moment = try reader.readHead()
            content = try reader.readContent()
        } catch let error as QuiverError {
            throw error
        } catch {
            throw QuiverError(.corrupted, "a record of the log is damaged")
        }
    }
}

/// Reads one record, all of it.
private struct LogEntryReader {
    private var reader: ByteReader
    private let byteCount: Int

    init(_ record: UnsafeRawBufferPointer) {
        reader = unsafe ByteReader(record)
        byteCount = record.count
    }

    mutating func readHead() throws -> LogMoment { try LogRecord.readHead(&reader) }

    mutating func readContent() throws -> LogEntry.Content {
        let count = try reader.read(UInt32.self)
        var operations: [UpdateOperation] = []
        var content: LogEntry.Content?
        for _ in 0..<count {
            guard content == nil, let kind = LogOperationKind(rawValue: try reader.read()) else {
                throw ByteReader.Malformed()
            }
            if let operation = try readOperation(kind) {
                operations.append(operation)
            } else {
                content = try readChange(kind)
            }
        }
        guard reader.remaining == LogRecord.checksumBytes, operations.isEmpty || content == nil else { throw ByteReader.Malformed() }
        return content ?? .updates(operations, byteCount: byteCount)
    }

    // MARK: Changes of points

    /// Nil for a change of something else.
    private mutating func readOperation(_ kind: LogOperationKind) throws -> UpdateOperation? {
        switch kind {
        case .upsert: return .upsert(try readBatch())
        case .updateVectors: return .updateVectors(try readBatch())
        case .deletePoints: return .deletePoints(try readSelector())
        case .deleteVectors:
            let names = try LogReplay.readTexts(&reader)
            return .deleteVectors(try readSelector(), names: names)
        case .setPayload:
            let text = try reader.readText()
            let path = try text.isEmpty ? nil : readPath(text)
            let payload = unsafe try readPayload(reader.readBlock())
            return .setPayload(payload, try readSelector(), path: path)
        case .overwritePayload:
            let payload = unsafe try readPayload(reader.readBlock())
            return .overwritePayload(payload, try readSelector())
        case .deletePayload:
            let keys = try LogReplay.readTexts(&reader).map { try readPath($0) }
            return .deletePayload(keys: keys, try readSelector())
        case .clearPayload: return .clearPayload(try readSelector())
        case .dropVectorName, .makeFieldIndex, .dropFieldIndex, .makeVectorName, .changeConfiguration: return nil
        }
    }

    private mutating func readBatch() throws -> PointBatch {
        var batch = PointBatch()
        batch.vectorNames = try LogReplay.readTexts(&reader)
        batch.components.reserveCapacity(reader.remaining / MemoryLayout<Float>.size)
        for _ in 0..<(try reader.read(UInt32.self)) {
            let id = try readPoint()
            let payloadBytes = try reader.read(UInt32.self)
            let payload: Payload? =
                payloadBytes == LogRecord.noPayload ? nil : unsafe try readPayload(reader.take(Int(payloadBytes)))
            let first = batch.vectors.count
            for _ in 0..<(try reader.read(UInt16.self)) { try readVector(into: &batch) }
            batch.entries.append(.init(id: id, vectors: first..<batch.vectors.count, payload: payload))
        }
        return batch
    }

    private mutating func readVector(into batch: inout PointBatch) throws {
        let name = Int(try reader.read(UInt16.self))
        let rowCount = Int(try reader.read(UInt32.self))
        let count = Int(try reader.read(UInt32.self))
        guard name < batch.vectorNames.count, rowCount <= max(1, count) else { throw ByteReader.Malformed() }
        var shape = PointBatch.Shape.multi(rowCount: rowCount)
        if rowCount == 0 {
            shape = .sparse(firstIndex: batch.indices.count)
            unsafe LogEntryReader.append(unsafe try reader.take(count * MemoryLayout<UInt32>.size), to: &batch.indices, 0)
        }
        batch.vectors.append(.init(name: name, offset: batch.components.count, count: count, shape: shape))
        unsafe LogEntryReader.append(unsafe try reader.take(count * MemoryLayout<Float>.size), to: &batch.components, 0)
    }

    /// The numbers lie unaligned in a record.
    private static func append<Word: BitwiseCopyable>(
        _ bytes: UnsafeRawBufferPointer, to words: inout [Word], _ zero: Word
    ) {
        guard let source = bytes.baseAddress else { return }
        let first = words.count
        words.append(contentsOf: repeatElement(zero, count: bytes.count / MemoryLayout<Word>.size))
        unsafe words.withUnsafeMutableBytes { target in
            guard let base = target.baseAddress else { return }
            unsafe (base + first * MemoryLayout<Word>.size).copyMemory(from: source, byteCount: bytes.count)
        }
    }

    private mutating func readSelector() throws -> PointSelector {
        let count = Int(try reader.read(UInt32.self))
        var ids: [PointID] = []
        ids.reserveCapacity(min(count, reader.remaining / LogEntryReader.leastPointBytes))
        for _ in 0..<count { ids.append(try readPoint()) }
        return .ids(ids)
    }

    private static let leastPointBytes = 13

    /// The slot is the original's, and may be another here.
    private mutating func readPoint() throws -> PointID {
        _ = try reader.read(UInt32.self)
        switch try reader.read(UInt8.self) {
        case 0: return .number(UInt64(bigEndian: try readStored()))
        case 1: return .uuid(PointUUID(high: UInt64(bigEndian: try readStored()), low: UInt64(bigEndian: try readStored())))
        default: throw ByteReader.Malformed()
        }
    }

    private mutating func readStored() throws(ByteReader.Malformed) -> UInt64 {
        // `read` undoes little-endian, which is the machine's order.
        try reader.read(UInt64.self).littleEndian
    }

    private func readPath(_ text: String) throws -> PayloadPath {
        guard let path = PayloadPath(text) else { throw ByteReader.Malformed() }
        return path
    }

    private func readPayload(_ bytes: UnsafeRawBufferPointer) throws -> Payload {
        unsafe try Payload(stored: bytes)
    }

    // MARK: Other changes

    private mutating func readChange(_ kind: LogOperationKind) throws -> LogEntry.Content {
        switch kind {
        case .dropVectorName: return .dropVectorName(try reader.readText())
        case .makeFieldIndex:
            let path = try readPath(try reader.readText())
            let params = unsafe try reader.readBlock()
            return .makeFieldIndex(path, unsafe try StoredConfig.decode(PayloadIndexParams.self, from: params))
        case .dropFieldIndex: return .dropFieldIndex(try readPath(try reader.readText()))
        case .makeVectorName:
            let name = try reader.readText()
            let tag = try reader.read(UInt8.self)
            let params = unsafe try reader.readBlock()
            return .makeVectorName(name, unsafe try VectorNameConfig(tag: tag, params: params))
        case .changeConfiguration:
            let config = unsafe try reader.readBlock()
            return .changeConfiguration(unsafe try StoredConfig.decode(CollectionConfig.self, from: config))
        case .upsert, .updateVectors, .deletePoints, .deleteVectors, .setPayload, .overwritePayload, .deletePayload,
            .clearPayload:
            throw ByteReader.Malformed()
        }
    }
}
