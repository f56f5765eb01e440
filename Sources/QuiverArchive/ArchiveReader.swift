/// Reads an archive in one pass and refuses it where a single byte is not as the writer would have written it.
///
/// Only when `next` has answered nil is the archive known to be whole. Until then its content is nobody's word.
@safe
package struct ArchiveReader: ~Copyable {
    /// Fills a part of the buffer, at least one byte, and returns how many; 0 at the end.
    package typealias Source = (UnsafeMutableRawBufferPointer) throws -> Int

    /// A file, or a part of a stream.
    package enum Piece: Equatable, Sendable {
        case file(String)
        /// The stream `stem` begins with its part 0; its parts come in order and without others between them.
        case part(stem: String, index: Int)
    }

    /// Bytes taken from the source.
    package private(set) var byteCount: UInt64 = 0
    /// The time of change of all files, in seconds since 1970; after the first piece.
    package private(set) var seconds: UInt64?
    /// What the last call of `next` has read, decompressed: valid until the next one.
    package private(set) var bytes: UnsafeRawBufferPointer

    private let source: Source
    private let buffer: UnsafeMutableRawBufferPointer
    private var decompressor: PartDecompressor
    private var digest: StreamDigest
    private var stem: String?
    private var nextPart = 0
    private var finished: [UInt8]?

    package init(source: @escaping Source) throws(ArchiveError) {
        let decompressor = try PartDecompressor()
        guard let digest = StreamDigest() else { throw .outOfMemory }
        self.digest = digest
        self.decompressor = decompressor
        unsafe self.source = unsafe source
        unsafe buffer = .allocate(byteCount: max(ArchiveFormat.partBytes, ArchiveFormat.fileBytes), alignment: 64)
        unsafe bytes = UnsafeRawBufferPointer(start: nil, count: 0)
    }

    deinit { unsafe buffer.deallocate() }

    /// The SHA-256 of the whole archive, after `next` has answered nil.
    package var wholeDigest: [UInt8]? { finished }

    /// Reads the next piece into `bytes`; nil after the end, which has been checked then.
    package mutating func next() throws -> Piece? {
        if finished != nil { return nil }
        // What `checksums` tells is of everything before its header.
        let before = digest.value()
        let bytesBefore = byteCount
        let header = try TarHeader(try readBlock())
        if let seconds, header.seconds != seconds { throw ArchiveError.damaged("the header of \(header.name)") }
        seconds = header.seconds
        if header.name == ArchiveFormat.checksumsName {
            try finish(header, before, byteCount: bytesBefore)
            return nil
        }
        let part = ArchiveReader.part(header.name)
        guard part != nil || header.byteCount <= ArchiveFormat.fileBytes else {
            throw ArchiveError.tooLarge(name: header.name, bytes: UInt64(header.byteCount))
        }
        if let part {
            guard header.byteCount > 0, header.byteCount <= ArchiveFormat.partBytes else {
                throw ArchiveError.tooLarge(name: header.name, bytes: UInt64(header.byteCount))
            }
            guard part.index == (part.stem == stem ? nextPart : 0) else {
                throw ArchiveError.damaged("\(header.name) is not the part that follows")
            }
            stem = part.stem
            nextPart = part.index + 1
        } else {
            stem = nil
        }
        try unsafe readExactly(UnsafeMutableRawBufferPointer(rebasing: buffer[..<header.byteCount]))
        try skipPadding(header)
        unsafe bytes = UnsafeRawBufferPointer(rebasing: buffer[..<header.byteCount])
        guard let part else { return .file(header.name) }
        if part.isCompressed {
            let frameBytes = unsafe bytes.count
            unsafe bytes = try decompressor.decompress(bytes, name: header.name)
            // Else it would have been stored.
            guard unsafe frameBytes < bytes.count - bytes.count / 16 else { throw ArchiveError.damaged(header.name) }
        }
        return .part(stem: part.stem, index: part.index)
    }

    private mutating func finish(_ header: TarHeader, _ expected: [UInt8], byteCount: UInt64) throws {
        guard header.byteCount <= ArchiveFormat.checksumsBytes else {
            throw ArchiveError.tooLarge(name: header.name, bytes: UInt64(header.byteCount))
        }
        let content = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[..<header.byteCount])
        try unsafe readExactly(content)
        guard unsafe content.elementsEqual(ArchiveFormat.checksums(expected, byteCount: byteCount)) else {
            throw ArchiveError.damaged("its bytes are not those that its checksum is of")
        }
        try skipPadding(header)
        for _ in 0..<2 {
            guard try readBlock().allSatisfy({ $0 == 0 }) else { throw ArchiveError.damaged("its end") }
        }
        let count = try unsafe source(UnsafeMutableRawBufferPointer(rebasing: buffer[..<1]))
        guard count == 0 else { throw ArchiveError.damaged("there is more behind its end") }
        unsafe bytes = UnsafeRawBufferPointer(start: nil, count: 0)
        finished = digest.value()
    }

    private mutating func skipPadding(_ header: TarHeader) throws {
        let count = ArchiveFormat.padding(header.byteCount)
        if count == 0 { return }
        var padding = [UInt8](repeating: 0, count: count)
        try unsafe padding.withUnsafeMutableBytes { try unsafe readExactly($0) }
        guard padding.allSatisfy({ $0 == 0 }) else { throw ArchiveError.damaged("the padding of \(header.name)") }
    }

    private mutating func readBlock() throws -> [UInt8] {
        var block = [UInt8](repeating: 0, count: ArchiveFormat.blockBytes)
        try unsafe block.withUnsafeMutableBytes { try unsafe readExactly($0) }
        return block
    }

    private mutating func readExactly(_ buffer: UnsafeMutableRawBufferPointer) throws {
        var done = 0
        while done < buffer.count {
            let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let count = try unsafe source(rest)
            guard count > 0, count <= rest.count else { throw ArchiveError.truncated }
            done += count
        }
        unsafe digest.update(UnsafeRawBufferPointer(buffer))
        byteCount += UInt64(buffer.count)
    }

    /// Takes the name of a part apart; nil for another file.
    private static func part(_ name: String) -> (stem: String, index: Int, isCompressed: Bool)? {
        let isCompressed = name.hasSuffix(ArchiveFormat.compressedSuffix)
        let plain = isCompressed ? String(name.dropLast(ArchiveFormat.compressedSuffix.count)) : name
        guard let slash = plain.utf8.lastIndex(of: UInt8(ascii: "/")) else { return nil }
        let digits = plain[plain.utf8.index(after: slash)...]
        guard digits.utf8.count >= ArchiveFormat.partDigits, let index = Int(digits), index >= 0 else { return nil }
        let stem = String(plain[..<slash])
        // One way to write a number.
        guard ArchiveFormat.partName(stem, index, isCompressed: isCompressed) == name else { return nil }
        return (stem, index, isCompressed)
    }
}
