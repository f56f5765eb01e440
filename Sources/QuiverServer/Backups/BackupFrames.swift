import QuiverArchive

/// Frames of the streams that docs/BACKUP-INTERFACE.md describes.
struct BackupFrames: ~Copyable {
    enum Kind: UInt8 {
        case recordPart = 1
        case logRecord = 2
        case end = 255
    }

    struct NoMemory: Error {}

    private let sink: BodySink
    private var digest: StreamDigest

    init(_ sink: BodySink) throws {
        self.sink = sink
        guard let digest = StreamDigest() else { throw NoMemory() }
        self.digest = digest
    }

    mutating func write(
        _ kind: Kind, sequence: UInt64 = 0, time: UInt64 = 0, _ content: UnsafeRawBufferPointer
    ) throws {
        var head = [UInt8](repeating: 0, count: 8)
        head[0] = kind.rawValue
        Self.put(UInt64(UInt32(content.count)), 4, at: 4, &head)
        head += [UInt8](repeating: 0, count: 16)
        Self.put(sequence, 8, at: 8, &head)
        Self.put(time, 8, at: 16, &head)
        head.withUnsafeBytes { digest.update($0) }
        digest.update(content)
        // Short frames go out as one write.
        if content.count <= 16 << 10 {
            head += content
            try sink.write(head)
        } else {
            try sink.write(head)
            try sink.write(content)
        }
    }

    /// Behind the last of them.
    mutating func finish() throws {
        let value = digest.value()
        try value.withUnsafeBytes { try write(.end, $0) }
    }

    private static func put(_ value: UInt64, _ count: Int, at offset: Int, _ bytes: inout [UInt8]) {
        for index in 0..<count { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
    }
}
