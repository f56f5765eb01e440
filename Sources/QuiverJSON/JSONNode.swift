public import CSimdjson

/// What a value is. Numbers are told apart as serde_json does: an integer that fits is an integer, everything else
/// with digits is a double.
@usableFromInline
package enum JSONKind: UInt8, Sendable {
    case null
    case `false`
    case `true`
    /// Fits `Int64`.
    case int64
    /// Above `Int64.max`.
    case uint64
    /// With a fraction or an exponent, or an integer out of the range of both; also `-0`.
    case double
    case string
    case object
    case array
}

/// A value of a parsed document: a few words that point into it, free to copy, valid only inside the closure that the
/// parser called (see `JSONParser`).
@safe
@usableFromInline
package struct JSONNode: BitwiseCopyable {
    @usableFromInline let document: UnsafePointer<qjson_document>
    /// The value, or the packed array it stands in.
    @usableFromInline let node: UnsafePointer<qjson_node>
    /// The position in a packed array, or `JSONNode.notPacked`.
    @usableFromInline let element: UInt32

    @usableFromInline static var notPacked: UInt32 { @inline(__always) get { .max } }

    @inlinable @inline(__always)
    init(document: UnsafePointer<qjson_document>, node: UnsafePointer<qjson_node>, element: UInt32 = notPacked) {
        unsafe self.document = unsafe document
        unsafe self.node = unsafe node
        self.element = element
    }

    @inlinable @inline(__always)
    var isElement: Bool { element != JSONNode.notPacked }

    /// The kind in the table, for a value that is not in a packed array.
    @inlinable @inline(__always)
    var rawKind: UInt32 { UInt32(unsafe node.pointee.kind) }

    @inlinable
    package var kind: JSONKind {
        if isElement { return elementKind }
        // The two packed forms come last and are arrays.
        return JSONKind(rawValue: unsafe node.pointee.kind) ?? .array
    }

    @usableFromInline
    var elementKind: JSONKind {
        if rawKind == QJSON_INTEGERS.rawValue { return .int64 }
        return JSONKind(rawValue: unsafe qjson_element(document, node, element).kind) ?? .double
    }

    @inlinable
    package var isNull: Bool { rawKind == QJSON_NULL.rawValue }

    @inlinable
    package var bool: Bool? {
        switch rawKind {
        case QJSON_TRUE.rawValue: true
        case QJSON_FALSE.rawValue: false
        default: nil
        }
    }

    @inlinable
    package var isString: Bool { rawKind == QJSON_STRING.rawValue }

    @inlinable
    package var isObject: Bool { rawKind == QJSON_OBJECT.rawValue }

    @inlinable
    package var isArray: Bool { !isElement && rawKind >= QJSON_ARRAY.rawValue }

    /// An array of numbers only, which has no nodes for its elements.
    @inlinable
    var isPacked: Bool { isArray && rawKind != QJSON_ARRAY.rawValue }

    @inlinable
    package var isNumber: Bool {
        isElement || (rawKind >= QJSON_INT64.rawValue && rawKind <= QJSON_DOUBLE.rawValue)
    }

    /// Elements of an array or members of an object; 0 for everything else.
    @inlinable
    package var count: Int {
        !isElement && rawKind >= QJSON_OBJECT.rawValue ? Int(unsafe node.pointee.value >> 32) : 0
    }

    /// The text of the value as it stands in the source.
    @inlinable
    package var rawBytes: UnsafeRawBufferPointer {
        let source = unsafe document.pointee.source
        if isElement {
            let number = unsafe qjson_element(document, node, element)
            return unsafe UnsafeRawBufferPointer(start: source.unsafelyUnwrapped + Int(number.start), count: Int(number.end - number.start))
        }
        let start = unsafe node.pointee.start
        return unsafe UnsafeRawBufferPointer(start: source.unsafelyUnwrapped + Int(start), count: Int(node.pointee.end &- start))
    }

    /// Where the value begins in the source, for messages that say where something is wrong.
    @inlinable
    package var byteOffset: Int {
        unsafe Int(isElement ? qjson_element(document, node, element).start : node.pointee.start)
    }
}
