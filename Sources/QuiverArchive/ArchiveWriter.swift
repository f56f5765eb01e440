/// Writes an archive in one pass. Holds one part in its compressed form, and nothing else that grows.
@safe
package struct ArchiveWriter: ~Copyable {
    package typealias Sink = (UnsafeRawBufferPointer) throws -> Void

    /// Bytes given to the sink.
    package private(set) var byteCount: UInt64 = 0

    private let sink: Sink
    private let seconds: UInt64
    private var compressor: PartCompressor
    private var digest: StreamDigest
    private var stem: String?
    private var nextPart = 0

    /// - Parameter seconds: since 1970: the time of change that all files have.
    package init(seconds: UInt64, sink: @escaping Sink) throws(ArchiveError) {
        let compressor = try PartCompressor()
        guard let digest = StreamDigest() else { throw .outOfMemory }
        self.compressor = compressor
        self.digest = digest
        self.seconds = min(seconds, TarHeader.mostSeconds)
        unsafe self.sink = unsafe sink
    }

    /// A small file.
    package mutating func addFile(_ name: String, _ bytes: [UInt8]) throws {
        precondition(ArchiveFormat.accepts(name) && name != ArchiveFormat.checksumsName)
        guard bytes.count <= ArchiveFormat.fileBytes else {
            throw ArchiveError.tooLarge(name: name, bytes: UInt64(bytes.count))
        }
        stem = nil
        try unsafe bytes.withUnsafeBytes { try unsafe put(name, $0) }
    }

    /// The next part of a stream: 1 byte to 4 MiB. A stream begins when another stem than before is given.
    package mutating func addPart(_ stem: String, _ bytes: UnsafeRawBufferPointer) throws {
        unsafe precondition(!bytes.isEmpty && bytes.count <= ArchiveFormat.partBytes)
        if stem != self.stem {
            precondition(ArchiveFormat.accepts(stem))
            self.stem = stem
            nextPart = 0
        }
        let compressed = unsafe try compressor.compress(bytes)
        let name = unsafe ArchiveFormat.partName(stem, nextPart, isCompressed: compressed != nil)
        nextPart += 1
        try unsafe put(name, compressed ?? bytes)
    }

    /// Ends the archive. Returns the SHA-256 of all of it.
    package consuming func finish() throws -> [UInt8] {
        let text = ArchiveFormat.checksums(digest.value(), byteCount: byteCount)
        try unsafe text.withUnsafeBytes { try unsafe put(ArchiveFormat.checksumsName, $0) }
        try writeZeros(2 * ArchiveFormat.blockBytes)
        return digest.value()
    }

    private mutating func put(_ name: String, _ bytes: UnsafeRawBufferPointer) throws {
        let header = TarHeader(name: name, byteCount: bytes.count, seconds: seconds).encoded()
        try unsafe header.withUnsafeBytes { try unsafe write($0) }
        try unsafe write(bytes)
        try writeZeros(ArchiveFormat.padding(bytes.count))
    }

    private mutating func writeZeros(_ count: Int) throws {
        try unsafe withUnsafeTemporaryAllocation(byteCount: max(1, count), alignment: 8) { zeros in
            unsafe zeros.initializeMemory(as: UInt8.self, repeating: 0)
            try unsafe write(UnsafeRawBufferPointer(rebasing: zeros[..<count]))
        }
    }

    private mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
        if unsafe bytes.isEmpty { return }
        unsafe digest.update(bytes)
        try unsafe sink(bytes)
        byteCount += UInt64(bytes.count)
    }
}
