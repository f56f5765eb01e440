import CSimdjson

// Copying parts of a parsed document as the text they were: key order, number forms and escapes stay.
extension JSONWriter {
    /// The value as it stands in the source.
    @inlinable
    package mutating func value(rawOf node: JSONNode) {
        unsafe value(raw: node.rawBytes)
    }

    /// The member's key as it stands in the source.
    @inlinable
    package mutating func key(rawOf member: JSONNode) {
        unsafe key(raw: member.rawKeyBytes)
    }

    /// The value without the white space between its parts. From minified text this is the text itself.
    package mutating func value(minified node: JSONNode) {
        separate()
        let text = unsafe node.rawBytes
        reserve(text.count + Int(QJSON_PADDING))
        let minified = unsafe qjson_minify(text.baseAddress?.assumingMemoryBound(to: UInt8.self), text.count, base + used)
        // Only an unclosed string makes minifying fail, and the parser has seen that there is none.
        precondition(minified <= text.count, "a parsed value cannot be minified")
        used += minified
    }
}
