import CZlib
import NIOCore
import Synchronization

/// The codings of bodies that are spoken (RFC 9110, section 8.4.1).
enum ContentCoding: CaseIterable, Sendable {
    case gzip
    /// The zlib format (RFC 1950), as the name means it.
    case deflate

    var name: StaticString {
        switch self {
        case .gzip: "gzip"
        case .deflate: "deflate"
        }
    }

    /// Shorter bodies are sent as they are: the other side would not gain what both would spend.
    static let leastByteCount = 1024

    /// What zlib calls the size of the window, with the format.
    fileprivate var windowBits: Int32 {
        switch self {
        case .gzip: 15 + 16
        case .deflate: 15
        }
    }

    /// The coding for an answer to a client that sent this `Accept-Encoding`; nil: none. The one it likes best, gzip
    /// where it has no preference.
    static func accepted(_ field: String?) -> ContentCoding? {
        guard let field else { return nil }
        var best: ContentCoding?
        var bestQuality = 0.0
        var others = 0.0
        var named: [ContentCoding] = []
        for part in field.split(separator: ",") {
            let pieces = part.split(separator: ";", omittingEmptySubsequences: false).map { trimmed($0).lowercased() }
            guard let name = pieces.first, let quality = quality(pieces.dropFirst()) else { continue }
            if name == "*" { others = quality }
            guard let coding = allCases.first(where: { "\($0.name)" == name || (name == "x-gzip" && $0 == .gzip) })
            else { continue }
            named.append(coding)
            if quality > bestQuality {
                best = coding
                bestQuality = quality
            }
        }
        if others > bestQuality, let coding = allCases.first(where: { !named.contains($0) }) { return coding }
        return best
    }

    /// The coding of a request's body. Nil: as it is, or one that is not known, which its reader will not understand.
    init?(field: String?) {
        guard let name = field.map({ Self.trimmed($0[...]).lowercased() }) else { return nil }
        switch name {
        case "gzip", "x-gzip": self = .gzip
        case "deflate": self = .deflate
        default: return nil
        }
    }

    /// Nil for what is not between 0 and 1.
    private static func quality(_ parameters: ArraySlice<String>) -> Double? {
        guard let text = parameters.first(where: { $0.hasPrefix("q=") }) else { return 1 }
        guard let value = Double(text.dropFirst(2)), value >= 0, value <= 1 else { return nil }
        return value
    }

    private static func trimmed(_ text: Substring) -> Substring {
        let end = text.lastIndex { $0 != " " && $0 != "\t" }.map { text.index(after: $0) } ?? text.startIndex
        return text[..<end].drop { $0 == " " || $0 == "\t" }
    }
}

// MARK: Answers

/// Compresses answers, at zlib's fastest level: its work is a part of what a client waits for.
final class Deflater {
    private static let level: Int32 = 1
    /// One for each thread that compresses at the moment. Making one takes longer than compressing a short answer.
    private static let idle = Mutex<[ContentCoding: [Held]]>([:])

    private struct Held: @unchecked Sendable { var deflater: Deflater }

    /// zlib keeps its address.
    private let stream: UnsafeMutablePointer<z_stream>

    private init?(_ coding: ContentCoding) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let code = deflateInit2_(
            stream, Self.level, Z_DEFLATED, coding.windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        if code != Z_OK { return nil }
    }

    deinit {
        deflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
    }

    /// Nil when it does not get shorter, or there is no memory.
    static func compress(_ bytes: [UInt8], _ coding: ContentCoding) -> [UInt8]? {
        guard bytes.count <= Int(Int32.max), let held = idle.withLock({ $0[coding]?.popLast() }) ?? make(coding) else {
            return nil
        }
        defer { idle.withLock { $0[coding, default: []].append(held) } }
        return held.deflater.compress(bytes)
    }

    private static func make(_ coding: ContentCoding) -> Held? { Deflater(coding).map { Held(deflater: $0) } }

    private func compress(_ bytes: [UInt8]) -> [UInt8]? {
        guard deflateReset(stream) == Z_OK else { return nil }
        var code = Z_OK
        let packed = bytes.withUnsafeBufferPointer { source in
            [UInt8](unsafeUninitializedCapacity: bytes.count) { target, count in
                stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
                stream.pointee.avail_in = UInt32(source.count)
                stream.pointee.next_out = target.baseAddress
                stream.pointee.avail_out = UInt32(target.count)
                code = deflate(stream, Z_FINISH)
                count = target.count - Int(stream.pointee.avail_out)
            }
        }
        // Otherwise it did not fit into its own length.
        return code == Z_STREAM_END ? packed : nil
    }
}

// MARK: Requests

enum Inflater {
    enum Failure: Error {
        case malformed
        /// It would be longer than is taken.
        case tooLong
    }

    private static let stepByteCount = 64 << 10

    /// - Parameter padding: bytes that stay free behind the result.
    static func inflate(
        _ body: ByteBuffer, _ coding: ContentCoding, limit: Int, padding: Int
    ) throws(Failure) -> ByteBuffer {
        var stream = z_stream()
        // zlib remembers the address, so it is used within one scope.
        let result = withUnsafeMutablePointer(to: &stream) { stream in
            Result { () throws(Failure) in try inflate(body, coding, limit: limit, padding: padding, stream) }
        }
        return try result.get()
    }

    private static func inflate(
        _ body: ByteBuffer, _ coding: ContentCoding, limit: Int, padding: Int, _ stream: UnsafeMutablePointer<z_stream>
    ) throws(Failure) -> ByteBuffer {
        guard body.readableBytes <= Int(Int32.max),
            inflateInit2_(stream, coding.windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { throw .malformed }
        defer { inflateEnd(stream) }
        var output = ByteBuffer()
        var code = Z_OK
        var isTooLong = false
        body.withUnsafeReadableBytes { source in
            let bytes = source.bindMemory(to: UInt8.self)
            stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress)
            stream.pointee.avail_in = UInt32(bytes.count)
            while code == Z_OK, !isTooLong {
                output.writeWithUnsafeMutableBytes(minimumWritableBytes: stepByteCount) { target in
                    let room = target.bindMemory(to: UInt8.self)
                    let count = min(room.count, stepByteCount)
                    stream.pointee.next_out = room.baseAddress
                    stream.pointee.avail_out = UInt32(count)
                    code = CZlib.inflate(stream, Z_NO_FLUSH)
                    return count - Int(stream.pointee.avail_out)
                }
                isTooLong = output.readableBytes > limit
                // Everything was read, and it has no end.
                if code == Z_OK, stream.pointee.avail_in == 0, stream.pointee.avail_out > 0 { code = Z_DATA_ERROR }
            }
        }
        if isTooLong { throw .tooLong }
        if code != Z_STREAM_END { throw .malformed }
        output.reserveCapacity(minimumWritableBytes: padding)
        return output
    }
}
