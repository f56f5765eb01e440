/// A parsed document that lives as long as somebody holds it. For documents that wait (across an `await`, in a
/// queue); what is read at once is cheaper in a pooled parser.
///
/// Nothing changes it after its creation, so any number of threads may read it.
package final class JSONDocument: @unchecked Sendable {
    private let parser: JSONParser
    private let root: JSONNode

    package init(
        parsing bytes: UnsafeRawBufferPointer, maximumDepth: Int = JSONParser.defaultMaximumDepth
    ) throws(JSONError) {
        parser = JSONParser(maximumDepth: maximumDepth)
        root = try unsafe parser.parse(bytes, isPadded: false)
    }

    package init(parsing bytes: [UInt8], maximumDepth: Int = JSONParser.defaultMaximumDepth) throws(JSONError) {
        let parser = JSONParser(maximumDepth: maximumDepth)
        self.parser = parser
        root = try unsafe bytes.span.withUnsafeBytes { (raw) throws(JSONError) in
            try unsafe parser.parse(raw, isPadded: false)
        }
    }

    /// The root and all below it are valid inside `body` only.
    package func withRoot<Result: ~Copyable, Failure: Error>(
        _ body: (JSONNode) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { extendLifetime(self) }
        return try body(root)
    }
}
