import CVectorKernels

/// A sparse query: weights by index, ready to be looked up. Immutable, may be shared by threads.
@safe package final class SparseQuery: @unchecked Sendable {  // Memory is written in `init` only.
    package let count: Int
    /// Ascending.
    let indices: UnsafeMutablePointer<UInt32>
    let weights: UnsafeMutablePointer<Float>
    let table: qvk_sparse_table
    private let keys: UnsafeMutablePointer<UInt32>
    private let keyWeights: UnsafeMutablePointer<Float>

    /// - Parameters:
    ///   - indices: distinct, in any order.
    ///   - weights: finite, as many.
    package init(indices unsorted: [UInt32], weights unsortedWeights: [Float]) {
        precondition(unsorted.count == unsortedWeights.count && unsorted.count < 1 << 28)
        let count = unsorted.count
        self.count = count
        unsafe indices = .allocate(capacity: max(count, 1))
        unsafe weights = .allocate(capacity: max(count, 1))
        var order = unsafe [UInt64](unsafeUninitializedCapacity: count) { buffer, initialized in
            for index in 0..<count { unsafe buffer[index] = UInt64(unsorted[index]) << 32 | UInt64(index) }
            initialized = count
        }
        order.sort()
        for (place, entry) in order.enumerated() {
            unsafe indices[place] = UInt32(truncatingIfNeeded: entry >> 32)
            unsafe weights[place] = unsortedWeights[Int(entry & 0xFFFF_FFFF)]
        }

        // Sparse enough for most queries to find a factor without collisions within a few attempts.
        var bits: UInt32 = 8
        while bits < 17 && 1 << Int(bits) < min(count * count / 2, 32 * count) || 1 << Int(bits) < 4 * count { bits += 1 }
        unsafe keys = .allocate(capacity: 1 << bits)
        unsafe keyWeights = .allocate(capacity: 1 << bits)
        var factor: UInt32 = 0x9E37_79B1
        var isPerfect = false
        for attempt in 0..<(count <= 1024 ? 24 : 1) {
            if attempt > 0 { factor = factor &* 0x2C1B_3C6D | 1 }
            isPerfect = unsafe SparseQuery.fill(
                indices, weights, count, keys: keys, keyWeights: keyWeights, factor: factor, bits: bits)
            if isPerfect { break }
        }
        unsafe table = qvk_sparse_table(
            keys: keys, weights: keyWeights, factor: factor, bits: bits, is_perfect: isPerfect ? 1 : 0)
    }

    deinit {
        unsafe indices.deallocate()
        unsafe weights.deallocate()
        unsafe keys.deallocate()
        unsafe keyWeights.deallocate()
    }

    /// Fills the table by linear probing; whether every key has the slot it belongs to.
    private static func fill(
        _ indices: UnsafePointer<UInt32>, _ weights: UnsafePointer<Float>, _ count: Int,
        keys: UnsafeMutablePointer<UInt32>, keyWeights: UnsafeMutablePointer<Float>, factor: UInt32, bits: UInt32
    ) -> Bool {
        let size = 1 << Int(bits)
        // An empty entry holds a key of another slot: 0 belongs to slot 0, where 1 does not.
        unsafe keys.initialize(repeating: 0, count: size)
        unsafe keys[0] = 1
        unsafe keyWeights.initialize(repeating: .nan, count: size)
        var isPerfect = true
        for index in 0..<count {
            let home = unsafe Int((indices[index] &* factor) >> (32 - bits))
            var slot = home
            while unsafe !keyWeights[slot].isNaN { slot = (slot + 1) & (size - 1) }
            if slot != home { isPerfect = false }
            unsafe keys[slot] = indices[index]
            unsafe keyWeights[slot] = weights[index]
        }
        return isPerfect && factor >> (32 - bits) != 0
    }

    /// The exact score of a row given by pointers; nil when it shares no index with the query.
    package func score(indices: UnsafePointer<UInt32>, values: UnsafePointer<Float>, count: Int) -> Float? {
        var row = unsafe qvk_sparse_row(indices: indices, values: values, count: count, minimum: 0, step: 0)
        var table = unsafe table
        var matches: UInt32 = 0
        let score = unsafe qvk_sparse_active().pointee.score(&table, &row, QVK_SPARSE_F32, &matches)
        return matches > 0 ? score : nil
    }
}
