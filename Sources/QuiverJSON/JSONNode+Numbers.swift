public import CSimdjson

extension JSONNode {
    /// The number if it is an integer in range.
    @inlinable
    package var int64: Int64? {
        if isElement {
            if rawKind == QJSON_INTEGERS.rawValue { return unsafe Int64(bitPattern: slab[Int(element)]) }
            return elementInt64
        }
        guard rawKind == QJSON_INT64.rawValue else { return nil }
        return unsafe Int64(bitPattern: node.pointee.value)
    }

    /// The number if it is an integer that is not negative.
    @inlinable
    package var uint64: UInt64? {
        if isElement { return elementUInt64 }
        let value = unsafe node.pointee.value
        switch rawKind {
        case QJSON_INT64.rawValue: return value >> 63 == 0 ? value : nil
        case QJSON_UINT64.rawValue: return value
        default: return nil
        }
    }

    /// Any number; an integer is rounded if it must be.
    @inlinable
    package var double: Double? {
        var kind = rawKind
        var value = unsafe node.pointee.value
        if isElement {
            kind = kind == QJSON_INTEGERS.rawValue ? QJSON_INT64.rawValue : QJSON_DOUBLE.rawValue
            value = unsafe slab[Int(element)]
        }
        switch kind {
        case QJSON_INT64.rawValue: return Double(Int64(bitPattern: value))
        case QJSON_UINT64.rawValue: return Double(value)
        case QJSON_DOUBLE.rawValue: return Double(bitPattern: value)
        default: return nil
        }
    }

    /// The numbers of a packed array.
    @inlinable @inline(__always)
    var slab: UnsafePointer<UInt64> {
        unsafe document.pointee.slab.unsafelyUnwrapped + Int(UInt32(truncatingIfNeeded: node.pointee.value))
    }

    /// An integer among doubles is read again from its text, because the slab has it rounded.
    @usableFromInline
    var elementInt64: Int64? {
        let number = unsafe qjson_element(document, node, element)
        return number.kind == UInt8(QJSON_INT64.rawValue) ? Int64(bitPattern: number.value) : nil
    }

    @usableFromInline
    var elementUInt64: UInt64? {
        let number = unsafe qjson_element(document, node, element)
        switch UInt32(number.kind) {
        case QJSON_INT64.rawValue: return UInt64(exactly: Int64(bitPattern: number.value))
        case QJSON_UINT64.rawValue: return number.value
        default: return nil
        }
    }

    /// Writes an array's numbers as floats to `destination`, which has room for `count` of them. False, with anything
    /// written, when it is no array or holds something else than numbers. A number out of the range of `Float` becomes
    /// infinite.
    @inlinable
    package func copyFloats(to destination: UnsafeMutablePointer<Float>) -> Bool {
        guard !isElement else { return false }
        switch rawKind {
        case QJSON_DOUBLES.rawValue:
            unsafe qjson_floats_from_doubles(slab, destination, count)
        case QJSON_INTEGERS.rawValue:
            unsafe qjson_floats_from_integers(slab, destination, count)
        case QJSON_ARRAY.rawValue:
            return unsafe copyUnpackedFloats(to: destination)
        default:
            return false
        }
        return true
    }

    @usableFromInline
    func copyUnpackedFloats(to destination: UnsafeMutablePointer<Float>) -> Bool {
        var out = unsafe destination
        for element in elements {
            guard let number = element.double else { return false }
            unsafe out.pointee = Float(number)
            unsafe out += 1
        }
        return true
    }

    /// Appends an array's numbers to `floats`. False, with `floats` as it was, when it is no array of numbers.
    package func appendFloats(to floats: inout [Float]) -> Bool {
        guard isArray else { return false }
        let start = floats.count
        floats.append(contentsOf: repeatElement(0, count: count))
        let isComplete = unsafe floats.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return true }
            return unsafe copyFloats(to: base + start)
        }
        if !isComplete { floats.removeLast(floats.count - start) }
        return isComplete
    }

    /// Replaces the content of `floats` with an array's numbers. False when it is no array of numbers.
    package func floats(into floats: inout [Float]) -> Bool {
        floats.removeAll(keepingCapacity: true)
        return appendFloats(to: &floats)
    }
}
