public import CSimdjson

extension JSONNode {
    /// The elements of an array in order; none for everything else.
    @inlinable
    package var elements: JSONElements { JSONElements(array: self) }

    /// The members of an object in order, duplicates included, each a value that knows its key; none for everything else.
    @inlinable
    package var members: JSONMembers { JSONMembers(object: self) }

    /// The member of that name, the last one if there are several; nil also when this is no object.
    @inlinable
    package func member(_ name: StaticString) -> JSONNode? {
        unsafe member(utf8: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    }

    @inlinable
    package func member(utf8 name: UnsafeBufferPointer<UInt8>) -> JSONNode? {
        guard !isElement, let found = unsafe qjson_member(document, node, name.baseAddress, name.count) else { return nil }
        return unsafe JSONNode(document: document, node: found)
    }

    package func member(named name: String) -> JSONNode? {
        var name = name
        return name.withUTF8 { unsafe member(utf8: $0) }
    }

    /// The element at that position: at once in a packed array, otherwise by walking there. Nil out of range.
    package func element(at position: Int) -> JSONNode? {
        guard isArray, position >= 0, position < count else { return nil }
        if rawKind != QJSON_ARRAY.rawValue {
            return unsafe JSONNode(document: document, node: node, element: UInt32(truncatingIfNeeded: position))
        }
        var iterator = elements.makeIterator()
        for _ in 0..<position { _ = iterator.next() }
        return iterator.next()
    }
}

@safe
@usableFromInline
package struct JSONElements: Sequence, BitwiseCopyable {
    @usableFromInline let array: JSONNode

    @inlinable @inline(__always)
    init(array: JSONNode) { self.array = array }

    @inlinable @inline(__always)
    package func makeIterator() -> Iterator { Iterator(array: array) }

    @inlinable
    package var underestimatedCount: Int { array.isArray ? array.count : 0 }

    @safe
    @usableFromInline
    package struct Iterator: IteratorProtocol, BitwiseCopyable {
        @usableFromInline let document: UnsafePointer<qjson_document>
        /// The next element, or the packed array.
        @usableFromInline var node: UnsafePointer<qjson_node>
        @usableFromInline var position: UInt32
        @usableFromInline let count: UInt32
        @usableFromInline let isPacked: Bool

        @inlinable @inline(__always)
        init(array: JSONNode) {
            unsafe document = unsafe array.document
            let isArray = array.isArray
            isPacked = array.isPacked
            unsafe node = unsafe array.node + (isPacked ? 0 : 1)
            position = 0
            count = isArray ? UInt32(truncatingIfNeeded: array.count) : 0
        }

        @inlinable @inline(__always)
        package mutating func next() -> JSONNode? {
            guard position < count else { return nil }
            defer { position &+= 1 }
            if isPacked { return unsafe JSONNode(document: document, node: node, element: position) }
            let current = unsafe node
            unsafe node = unsafe current + Int(current.pointee.span)
            return unsafe JSONNode(document: document, node: current)
        }
    }
}

@safe
@usableFromInline
package struct JSONMembers: Sequence, BitwiseCopyable {
    @usableFromInline let object: JSONNode

    @inlinable @inline(__always)
    init(object: JSONNode) { self.object = object }

    @inlinable @inline(__always)
    package func makeIterator() -> Iterator { Iterator(object: object) }

    @inlinable
    package var underestimatedCount: Int { object.isObject ? object.count : 0 }

    @safe
    @usableFromInline
    package struct Iterator: IteratorProtocol, BitwiseCopyable {
        @usableFromInline let document: UnsafePointer<qjson_document>
        @usableFromInline var node: UnsafePointer<qjson_node>
        @usableFromInline let end: UnsafePointer<qjson_node>

        @inlinable @inline(__always)
        init(object: JSONNode) {
            unsafe document = unsafe object.document
            unsafe node = unsafe object.node + 1
            unsafe end = unsafe object.node + (object.isObject ? Int(object.node.pointee.span) : 1)
        }

        @inlinable @inline(__always)
        package mutating func next() -> JSONNode? {
            guard unsafe node < end else { return nil }
            let current = unsafe node
            unsafe node = unsafe current + Int(current.pointee.span)
            return unsafe JSONNode(document: document, node: current)
        }
    }
}
