import QuiverIndex
import QuiverLMDB
import QuiverModel

/// Finds and checks the chunks of a segment file.
struct SegmentReader {
    enum Source {
        /// Of the file that is being written.
        case transaction(TransactionHandle)
        /// Of a finished file: chunks lie where the manifest's entry says. Whoever keeps what is read keeps the file.
        case file(MappedFile, SegmentEntry)
    }

    let source: Source
    let path: String

    init(_ source: Source, path: String) {
        self.source = source
        self.path = path
    }

    func damaged(_ what: String) -> QuiverError {
        QuiverError(.corrupted, "segment file \(path): \(what) is missing or damaged")
    }

    func meta() throws(QuiverError) -> SegmentMeta {
        let meta: SegmentMeta?
        switch source {
        case .transaction(let transaction):
            meta = try mapping { () throws(LMDBError) in
                unsafe try transaction.get(.main, SegmentFormat.metaKey).flatMap { unsafe SegmentMeta($0) }
            }
        case .file(_, let entry): meta = unsafe entry.meta.withUnsafeBytes { unsafe SegmentMeta($0) }
        }
        guard let meta else { throw damaged("meta") }
        return meta
    }

    /// Whether the file is to have a chunk; of one that may be there or not, whether it has.
    private func isPresent(_ chunk: SegmentChunk, _ meta: SegmentMeta) throws(QuiverError) -> Bool {
        if let isPresent = chunk.isPresent(in: meta) { return isPresent }
        return try isPresent(chunk)
    }

    func isPresent(_ chunk: SegmentChunk) throws(QuiverError) -> Bool {
        switch source {
        case .transaction(let transaction):
            try mapping { () throws(LMDBError) in try transaction.contains(.main, chunk.rawValue) }
        case .file(_, let entry): entry.chunk(chunk) != nil
        }
    }

    /// The data of a chunk, which has to hold `count` elements.
    func data<Element: BitwiseCopyable>(
        _ chunk: SegmentChunk, _: Element.Type, count: Int
    ) throws(QuiverError) -> UnsafePointer<Element> {
        let data = unsafe try bytes(chunk)
        guard data.count == count * MemoryLayout<Element>.stride, let base = data.baseAddress else {
            throw damaged(chunk.rawValue)
        }
        return unsafe base.bindMemory(to: Element.self, capacity: count)
    }

    /// The data of a chunk of any length.
    func bytes(_ chunk: SegmentChunk) throws(QuiverError) -> UnsafeRawBufferPointer {
        let data: UnsafeRawBufferPointer
        switch source {
        case .transaction(let transaction):
            let value = unsafe try mapping { () throws(LMDBError) in unsafe try transaction.get(.main, chunk.rawValue) }
            guard let value = unsafe value, let header = unsafe SegmentChunkHeader(value) else {
                throw damaged(chunk.rawValue)
            }
            unsafe data = UnsafeRawBufferPointer(
                rebasing: value[SegmentFormat.headerBytes..<SegmentFormat.headerBytes + header.dataBytes])
        case .file(let file, let entry):
            // The entry has been compared with the length of the file.
            guard let chunk = entry.chunk(chunk), unsafe chunk.byteCount <= file.bytes.count,
                unsafe chunk.offset <= file.bytes.count - chunk.byteCount
            else { throw damaged(chunk.rawValue) }
            unsafe data = UnsafeRawBufferPointer(rebasing: file.bytes[chunk.offset..<chunk.offset + chunk.byteCount])
        }
        guard UInt(bitPattern: data.baseAddress) % UInt(SegmentFormat.alignment) == 0 else {
            throw damaged(chunk.rawValue + " (alignment)")
        }
        return unsafe data
    }

    /// Compares every chunk that a finished file has with its checksum.
    func verify() throws(QuiverError) {
        guard case .file(_, let entry) = source else { return }
        let meta = try meta()
        for chunk in SegmentChunk.allCases where try isPresent(chunk, meta) {
            guard let digest = unsafe Checksum.sha256(try bytes(chunk)), digest == entry.chunk(chunk)?.sha256 else {
                throw damaged(chunk.rawValue + " (checksum)")
            }
        }
    }
}

/// What stands before the data of a chunk.
struct SegmentChunkHeader {
    var dataBytes: Int
    var sha256: [UInt8]

    /// Nil unless the value begins with a header, and has room for the data it speaks of.
    init?(_ value: UnsafeRawBufferPointer) {
        guard value.count >= SegmentFormat.headerBytes,
            unsafe value.loadUnaligned(as: UInt32.self) == SegmentFormat.magic,
            unsafe value.loadUnaligned(fromByteOffset: 4, as: UInt32.self) == 0
        else { return nil }
        dataBytes = unsafe Int(clamping: value.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        guard dataBytes <= value.count - SegmentFormat.headerBytes else { return nil }
        sha256 = unsafe Array(value[16..<16 + Checksum.bytes])
    }
}
