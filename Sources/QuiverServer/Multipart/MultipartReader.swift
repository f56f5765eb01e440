import Glibc
import NIOCore

/// Reads `multipart/form-data` (RFC 7578, RFC 2046) as it comes, part after part, holding no more of it than one read of
/// the body and a delimiter.
///
/// Lines end with CR LF. What stands before the first delimiter and behind the last is ignored. A part is read by
/// `nextBytes` up to nil; what is not read of it is skipped by `nextPart`.
struct MultipartReader {
    struct Part: Equatable {
        var name: String
        /// As the client calls it: not to be trusted as a path.
        var fileName: String?
    }

    private enum Place: Equatable {
        /// Inside of a part, or before the first.
        case content
        /// Behind a delimiter, before the end of its line.
        case delimiter
        /// Behind the last delimiter.
        case end
    }

    private static let mostHeadBytes = 16 << 10
    private static let mostPaddingBytes = 1 << 10

    private let next: () throws(BodySource.Failure) -> ByteBuffer?
    private let delimiter: [UInt8]
    /// Received and not yet looked at.
    private var buffer: ByteBuffer
    private var place = Place.content

    /// - Parameter next: the next bytes of the body, nil behind the last.
    init(boundary: String, next: @escaping () throws(BodySource.Failure) -> ByteBuffer?) {
        self.next = next
        delimiter = Array("\r\n--\(boundary)".utf8)
        // The first delimiter may stand at the very beginning: so there is a line before it.
        buffer = ByteBuffer(string: "\r\n")
    }

    /// The next part; nil behind the last, when the whole body has been read.
    mutating func nextPart() throws(MultipartError) -> Part? {
        while place == .content, try nextBytes() != nil {}
        if place == .end { return nil }
        try readDelimiterEnd()
        if place == .end {
            while try receive() {}
            return nil
        }
        return try readHead()
    }

    /// More of the part; nil at its end. Never empty.
    mutating func nextBytes() throws(MultipartError) -> ByteBuffer? {
        guard place == .content else { return nil }
        while true {
            if let index = find(delimiter) {
                if index > 0 { return buffer.readSlice(length: index) }
                buffer.moveReaderIndex(forwardBy: delimiter.count)
                place = .delimiter
                return nil
            }
            let surely = buffer.readableBytes - delimiterPrefixAtEnd()
            if surely > 0 { return buffer.readSlice(length: surely) }
            if try !receive() { throw .incomplete }
        }
    }

    /// `--` makes the delimiter the last one; blanks, then the end of the line, begin a part.
    private mutating func readDelimiterEnd() throws(MultipartError) {
        while buffer.readableBytes < 2 {
            if try !receive() { throw .incomplete }
        }
        if byte(0) == UInt8(ascii: "-"), byte(1) == UInt8(ascii: "-") {
            place = .end
            buffer.clear()
            return
        }
        var index = 0
        while true {
            while buffer.readableBytes < index + 2 {
                if try !receive() { throw .incomplete }
            }
            let next = byte(index)
            if next == 0x20 || next == 0x09 {
                index += 1
                if index > Self.mostPaddingBytes { throw .malformedBoundary }
            } else if next == 0x0D, byte(index + 1) == 0x0A {
                // The end of this line stays: an empty head is found by it.
                buffer.moveReaderIndex(forwardBy: index)
                return
            } else {
                throw .malformedBoundary
            }
        }
    }

    private mutating func readHead() throws(MultipartError) -> Part {
        let end: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A]
        var length = find(end)
        while length == nil {
            if buffer.readableBytes > Self.mostHeadBytes { throw .headTooLarge }
            if try !receive() { throw .incomplete }
            length = find(end)
        }
        guard let length, length <= Self.mostHeadBytes else { throw .headTooLarge }
        let head = buffer.readString(length: length) ?? ""
        buffer.moveReaderIndex(forwardBy: 4)
        place = .content
        return try Self.part(head)
    }

    private static func part(_ head: String) throws(MultipartError) -> Part {
        for line in head.split(separator: "\r\n") {
            guard let colon = line.firstIndex(of: ":"), colon != line.startIndex,
                line[..<colon].utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
            else { throw .malformedHead }
            guard line[..<colon].lowercased() == "content-disposition" else { continue }
            guard let value = HeaderValue(String(line[line.index(after: colon)...])), value.main == "form-data" else {
                throw .noContentDisposition
            }
            guard let name = value["name"] else { throw .noName }
            return Part(name: name, fileName: value["filename"])
        }
        throw .noContentDisposition
    }

    // MARK: The buffer

    /// False at the end of the body.
    private mutating func receive() throws(MultipartError) -> Bool {
        let more: ByteBuffer?
        do throws(BodySource.Failure) {
            more = try next()
        } catch {
            throw .unread(error)
        }
        guard var more else { return false }
        if place == .end { return true }
        if buffer.readableBytes == 0 {
            buffer = more
        } else {
            buffer.discardReadBytes()
            buffer.writeBuffer(&more)
        }
        return true
    }

    private func byte(_ index: Int) -> UInt8? {
        buffer.getInteger(at: buffer.readerIndex + index)
    }

    /// Where the bytes begin, counted from the first that was not looked at.
    private func find(_ bytes: [UInt8]) -> Int? {
        buffer.withUnsafeReadableBytes { readable in
            guard let start = readable.baseAddress, let first = bytes.first else { return nil }
            var offset = 0
            // Where it may still fit.
            while offset + bytes.count <= readable.count {
                let room = readable.count - bytes.count + 1 - offset
                guard let found = memchr(start + offset, Int32(first), room) else { return nil }
                offset = UnsafeRawPointer(found) - start
                if memcmp(start + offset, bytes, bytes.count) == 0 { return offset }
                offset += 1
            }
            return nil
        }
    }

    /// How many of the last bytes may be the beginning of a delimiter.
    private func delimiterPrefixAtEnd() -> Int {
        buffer.withUnsafeReadableBytes { readable in
            var count = min(readable.count, delimiter.count - 1)
            while count > 0, !readable.suffix(count).elementsEqual(delimiter.prefix(count)) { count -= 1 }
            return count
        }
    }
}
