import QuiverModel

/// What the manifest says of a segment file: enough to know every byte of it, and to read it without any of its
/// own structure.
///
/// Little-endian:
///
/// | bytes | field |
/// |---|---|
/// | u8 | format, 2 |
/// | u32, bytes | vector name |
/// | u64 | byte count of the file |
/// | 32 | SHA-256 of the file |
/// | u32, bytes | the `SegmentMeta` that the file has as well |
/// | u32 | number of chunks |
/// | each: u32, bytes | name, as `SegmentChunk` |
/// | u64 | where its data begin in the file, a multiple of 64 |
/// | u64 | byte count of its data |
/// | 32 | SHA-256 of its data |
struct SegmentEntry: Sendable, Equatable {
    static let format: UInt8 = 2

    struct Chunk: Sendable, Equatable {
        var name: String
        var offset: Int
        var byteCount: Int
        var sha256: [UInt8]
    }

    var vectorName: String
    /// Of the file.
    var byteCount: Int
    /// Of the file: what it is called by in backups.
    var sha256: [UInt8]
    var meta: [UInt8]
    /// In the order in which they lie in the file.
    var chunks: [Chunk]

    /// The chunk of this name; nil when the file has none.
    func chunk(_ chunk: SegmentChunk) -> Chunk? { chunks.first { $0.name == chunk.rawValue } }

    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.write(SegmentEntry.format)
        writer.write(text: vectorName)
        writer.write(UInt64(byteCount))
        writer.write(raw: sha256)
        writer.write(block: meta.span)
        writer.write(UInt32(chunks.count))
        for chunk in chunks {
            writer.write(text: chunk.name)
            writer.write(UInt64(chunk.offset))
            writer.write(UInt64(chunk.byteCount))
            writer.write(raw: chunk.sha256)
        }
        return writer.takeBytes()
    }

    init(vectorName: String, byteCount: Int, sha256: [UInt8], meta: [UInt8], chunks: [Chunk]) {
        self.vectorName = vectorName
        self.byteCount = byteCount
        self.sha256 = sha256
        self.meta = meta
        self.chunks = chunks
    }

    init(_ bytes: UnsafeRawBufferPointer) throws(QuiverError) {
        var reader = unsafe ByteReader(bytes)
        if let format = unsafe bytes.first {
            try KnownFormat.check("an entry of the segment manifest", format, SegmentEntry.format)
        }
        do throws(ByteReader.Malformed) {
            _ = try reader.read(UInt8.self)
            vectorName = try reader.readText()
            byteCount = try reader.readCount()
            sha256 = unsafe Array(try reader.take(Checksum.bytes))
            meta = unsafe Array(try reader.readBlock())
            let count = Int(try reader.read(UInt32.self))
            chunks = []
            for _ in 0..<count {
                let chunk = Chunk(
                    name: try reader.readText(), offset: try reader.readCount(), byteCount: try reader.readCount(),
                    sha256: unsafe Array(try reader.take(Checksum.bytes)))
                // So that whoever trusts the entry stays within the file.
                guard chunk.offset % SegmentFormat.alignment == 0,
                    chunk.byteCount <= byteCount, chunk.offset <= byteCount - chunk.byteCount
                else { throw ByteReader.Malformed() }
                chunks.append(chunk)
            }
            guard reader.remaining == 0 else { throw ByteReader.Malformed() }
        } catch {
            throw QuiverError(.corrupted, "an entry of the segment manifest is damaged")
        }
    }
}

extension ByteReader {
    /// A count or an offset of a file.
    fileprivate mutating func readCount() throws(Malformed) -> Int {
        guard let count = Int(exactly: try read(UInt64.self)) else { throw Malformed() }
        return count
    }
}
