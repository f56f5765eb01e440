package import CSimdjson

/// Parses one document at a time into buffers that the next document uses again.
///
/// A parser belongs to whoever parses with it: it is not `Sendable`, and `JSONParserPool` hands parsers out.
///
/// **Lifetime.** A `JSONNode` is a pair of pointers into the parser. It is valid inside the closure that got the
/// root, and must not be kept behind it. What outlives the closure is copied: `String`, `[Float]`, `JSONValue`,
/// bytes written by a `JSONWriter`; or the whole document is kept as a `JSONDocument`.
@safe
package final class JSONParser {
    /// As deep as serde_json goes.
    package static let defaultMaximumDepth = Int(QJSON_DEFAULT_DEPTH)

    /// Bytes that have to be readable behind a document for `withParsed(paddedBytes:)`.
    package static let paddingByteCount = Int(QJSON_PADDING)

    @usableFromInline let parser: OpaquePointer
    @usableFromInline let document: UnsafePointer<qjson_document>
    package let maximumDepth: Int
    /// True while nodes of the current document may be in use.
    private var isParsed = false

    package init(maximumDepth: Int = JSONParser.defaultMaximumDepth) {
        guard let parser = unsafe qjson_parser_create() else { fatalError("out of memory for a JSON parser") }
        unsafe self.parser = unsafe parser
        unsafe document = unsafe qjson_parser_document(parser)
        self.maximumDepth = maximumDepth
    }

    deinit {
        unsafe qjson_parser_free(parser)
    }

    /// The most memory that a document has used since the buffers were last given back.
    package var memoryByteCount: Int { unsafe qjson_parser_memory_bytes(parser) }

    /// Gives the buffers back if they hold more than `keepingByteCount`.
    package func shrink(keepingByteCount: Int) {
        precondition(!isParsed, "a JSON document is still in use")
        unsafe qjson_parser_shrink(parser, keepingByteCount)
    }

    /// Parses a copy of `bytes` and calls `body` with the root. A syntax error is thrown as what `mapError` makes of it.
    package func withParsed<Result: ~Copyable, Failure: Error>(
        bytes: UnsafeRawBufferPointer, mapError: (JSONError) -> Failure,
        _ body: (JSONNode) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe withParsed(bytes: bytes, isPadded: false, mapError: mapError, body)
    }

    /// Parses `bytes` where they are: `paddingByteCount` bytes behind them must be readable.
    package func withParsed<Result: ~Copyable, Failure: Error>(
        paddedBytes: UnsafeRawBufferPointer, mapError: (JSONError) -> Failure,
        _ body: (JSONNode) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe withParsed(bytes: paddedBytes, isPadded: true, mapError: mapError, body)
    }

    package func withParsed<Result: ~Copyable, Failure: Error>(
        bytes: Span<UInt8>, mapError: (JSONError) -> Failure, _ body: (JSONNode) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe bytes.withUnsafeBytes { (raw) throws(Failure) in
            try unsafe withParsed(bytes: raw, isPadded: false, mapError: mapError, body)
        }
    }

    package func withParsed<Result: ~Copyable, Failure: Error>(
        bytes: [UInt8], mapError: (JSONError) -> Failure, _ body: (JSONNode) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try withParsed(bytes: bytes.span, mapError: mapError, body)
    }

    package func withParsed<Result: ~Copyable>(
        bytes: UnsafeRawBufferPointer, _ body: (JSONNode) throws(JSONError) -> Result
    ) throws(JSONError) -> Result {
        try unsafe withParsed(bytes: bytes, isPadded: false, mapError: { (error) in error }, body)
    }

    package func withParsed<Result: ~Copyable>(
        bytes: [UInt8], _ body: (JSONNode) throws(JSONError) -> Result
    ) throws(JSONError) -> Result {
        try withParsed(bytes: bytes.span, mapError: { (error) in error }, body)
    }

    private func withParsed<Result: ~Copyable, Failure: Error>(
        bytes: UnsafeRawBufferPointer, isPadded: Bool, mapError: (JSONError) -> Failure,
        _ body: (JSONNode) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(!isParsed, "a JSON parser holds one document at a time")
        let root: JSONNode
        do throws(JSONError) {
            root = try unsafe parse(bytes, isPadded: isPadded)
        } catch {
            throw mapError(error)
        }
        isParsed = true
        defer { isParsed = false }
        return try body(root)
    }

    /// The root is valid until the next parse or the parser's end; the caller keeps the parser alive.
    func parse(_ bytes: UnsafeRawBufferPointer, isPadded: Bool) throws(JSONError) -> JSONNode {
        let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        let result = unsafe isPadded
            ? qjson_parse_in_place(parser, start, bytes.count, maximumDepth)
            : qjson_parse(parser, start, bytes.count, maximumDepth)
        guard result.code == QJSON_OK else { throw unsafe JSONError(result, in: bytes) }
        return unsafe JSONNode(document: document, node: document.pointee.nodes)
    }
}
