import CVectorKernels

/// Collects sparse rows in the layout of `SparseRowsView`. All memory is reserved at once.
@safe package final class SparseRowsWriter {
    package let datatype: SparseDatatype
    package private(set) var count = 0
    private let rowCapacity: Int
    private let entryCapacity: Int
    private var entryCount = 0
    private let offsetsBuffer: UnsafeMutablePointer<UInt64>
    private let indicesBuffer: UnsafeMutablePointer<UInt32>
    private let valuesBuffer: UnsafeMutableRawPointer
    private let rangesBuffer: UnsafeMutablePointer<Float>

    /// Room for `rows` rows with `entries` entries together.
    package init(rows: Int, entries: Int, datatype: SparseDatatype) {
        precondition(rows >= 0 && rows <= Candidate.maximumRowCount && entries >= 0 && entries < Int.max / 8)
        self.datatype = datatype
        rowCapacity = rows
        entryCapacity = entries
        unsafe offsetsBuffer = .allocate(capacity: rows + 1)
        unsafe offsetsBuffer.initialize(to: 0)
        unsafe indicesBuffer = .allocate(capacity: max(entries, 1))
        unsafe valuesBuffer = .allocate(byteCount: max(entries * datatype.valueBytes, 1), alignment: 16)
        unsafe rangesBuffer = .allocate(capacity: datatype == .uint8 ? max(2 * rows, 1) : 1)
    }

    deinit {
        unsafe offsetsBuffer.deallocate()
        unsafe indicesBuffer.deallocate()
        unsafe valuesBuffer.deallocate()
        unsafe rangesBuffer.deallocate()
    }

    /// Appends a row. `indices` must ascend, `values` be finite and as many.
    package func append(indices: UnsafeBufferPointer<UInt32>, values: UnsafeBufferPointer<Float>) {
        precondition(indices.count == values.count)
        precondition(count < rowCapacity && entryCapacity - entryCount >= indices.count)
        if let from = indices.baseAddress { unsafe (indicesBuffer + entryCount).update(from: from, count: indices.count) }
        if let from = values.baseAddress { unsafe encode(from, values.count) }
        entryCount += indices.count
        if datatype == .uint8, indices.isEmpty {
            unsafe rangesBuffer[2 * count] = 0
            unsafe rangesBuffer[2 * count + 1] = 0
        }
        count += 1
        unsafe offsetsBuffer[count] = UInt64(entryCount)
    }

    private func encode(_ values: UnsafePointer<Float>, _ n: Int) {
        let at = unsafe valuesBuffer + entryCount * datatype.valueBytes
        switch datatype {
        case .float32:
            unsafe at.copyMemory(from: values, byteCount: 4 * n)
        case .float16:
            let halves = unsafe at.assumingMemoryBound(to: UInt16.self)
            unsafe qvk_active().pointee.encode_f16(values, n, halves)
            // What is too large for a half becomes the largest one, so that products stay finite.
            for index in 0..<n where unsafe halves[index] & 0x7FFF == 0x7C00 { unsafe halves[index] -= 1 }
        case .uint8:
            unsafe encodeBytes(values, n, at.assumingMemoryBound(to: UInt8.self))
        }
    }

    private func encodeBytes(_ values: UnsafePointer<Float>, _ n: Int, _ codes: UnsafeMutablePointer<UInt8>) {
        guard n > 0 else { return }
        var minimum = unsafe values[0]
        var maximum = minimum
        for index in 1..<n {
            minimum = unsafe min(minimum, values[index])
            maximum = unsafe max(maximum, values[index])
        }
        let step = maximum / 255 - minimum / 255
        for index in 0..<n {
            let code = unsafe step > 0 ? ((values[index] - minimum) / step).rounded() : 0
            unsafe codes[index] = UInt8(max(0, min(255, code)))
        }
        unsafe rangesBuffer[2 * count] = minimum
        unsafe rangesBuffer[2 * count + 1] = step
    }

    // MARK: The buffers of `SparseRowsView`, valid as long as the writer.

    package var offsets: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(start: offsetsBuffer, count: 8 * (count + 1)) }
    package var indices: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(start: indicesBuffer, count: 4 * entryCount) }
    package var values: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(start: valuesBuffer, count: datatype.valueBytes * entryCount)
    }
    /// Empty unless the datatype is u8.
    package var ranges: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(start: rangesBuffer, count: datatype == .uint8 ? 8 * count : 0)
    }

    /// The rows written so far. The writer must outlive it.
    package var view: SparseRowsView {
        guard let view = unsafe SparseRowsView(
            count: count, datatype: datatype, offsets: offsets, indices: indices, values: values, ranges: ranges)
        else { preconditionFailure("the writer's own buffers fit") }
        return view
    }
}
