import CVectorKernels

extension Quantizer {
    /// How a query is coded.
    enum QueryCoding {
        case eightBits
        /// Bit planes against rows of one bit.
        case planes(UInt32)
        /// Floats against rows of a storage quantizer.
        case floats
    }

    func coding(_ encoding: BinaryQueryEncoding) -> QueryCoding {
        if keepsLength && metric == .manhattan { return .floats }
        guard form == .binary(.oneBit) else { return .eightBits }
        switch encoding {
        case .binary: return .planes(1)
        case .scalar4Bits: return .planes(4)
        case .default, .scalar8Bits: return .eightBits
        }
    }

    /// The query itself, centred and rotated, comes first in its memory.
    private var leadBytes: Int { (dimension * MemoryLayout<Float>.stride + 63) / 64 * 64 }

    /// Bytes that one query needs; a multiple of 64.
    func queryBytes(_ coding: QueryCoding) -> Int {
        switch (kind, coding) {
        case (.levels, .planes(let planes)): return leadBytes + qvk_query_planes_bytes(planes, dimension)
        case (.levels, .floats): return leadBytes + qvk_lay_out_query_floats(dimension) * MemoryLayout<Float>.stride
        case (.levels(let bits, _), _): return leadBytes + qvk_spread_query_bytes(bits, dimension)
        case (.spread(let bits, _, _), _): return leadBytes + 2 * qvk_spread_query_bytes(bits, dimension)
        case (.product(let width, _, _), _):
            // The two pointers, then floats and bytes of the tables.
            let entries = 256 * Quantizer.partCount(dimension: dimension, width: width)
            return leadBytes + 64 + entries * (MemoryLayout<Float>.stride + 2)
        }
    }

    /// Entries of one byte blur products of one or two values, which are finer than that themselves.
    static func hasWideTables(width: Int) -> Bool { width <= 2 }

    /// Points `kernel` at rows and makes `query` (`dimension` floats) its query, in `memory` of `queryBytes`, which is
    /// aligned to 64 bytes.
    func aim(
        _ kernel: inout qvk_scorer, at rows: UnsafeRawPointer, query: UnsafePointer<Float>,
        coding: QueryCoding, memory: UnsafeMutableRawPointer
    ) {
        let kernels = unsafe qvk_quantized_active().pointee
        let q = unsafe memory.assumingMemoryBound(to: Float.self)
        let rest = unsafe memory + leadBytes
        unsafe kernel = qvk_scorer()
        unsafe kernel.base = rows
        unsafe kernel.stride_bytes = strideBytes
        unsafe kernel.length = dimension
        unsafe kernel.query = UnsafeRawPointer(rest)
        unsafe kernel.constant = center(query, into: q)
        switch kind {
        case .levels(let bits, let signs):
            if !signs.isEmpty { unsafe qvk_rotate(q, dimension, signs) }
            unsafe kernel.weight = aimLevels(&kernel, bits, q, coding, memory: rest)
            if metric == .euclid { unsafe kernel.weight *= 2 }
        case .spread(let bits, let spread, let inverse):
            var missing: Float = 0
            for i in 0..<dimension {
                if spread[i] == 0 { unsafe missing += abs(q[i]) }
                unsafe q[i] *= inverse[i]
            }
            var clipped: Float = 0
            let scale = unsafe qvk_spread_query_l1(
                bits, q, spread, dimension, rest.assumingMemoryBound(to: Int8.self), &clipped)
            unsafe kernel.score = Quantizer.function(kernels.score_levels_l1, bits)
            unsafe kernel.weight = -slope * scale
            unsafe kernel.constant = intercept - slope * (clipped + missing)
        case .product(let width, let centroids, _):
            unsafe aimProduct(&kernel, q, width, centroids, memory: rest)
            unsafe kernel.score = kernels.score_product
        }
    }

    /// Writes `query - mean` and returns what the query adds to all of its scores.
    private func center(_ query: UnsafePointer<Float>, into q: UnsafeMutablePointer<Float>) -> Float {
        var sum: Float = 0
        for i in 0..<dimension {
            let value = unsafe query[i] - mean[i]
            unsafe q[i] = value
            switch metric {
            case .dot, .cosine: unsafe sum += query[i] * mean[i]
            case .euclid: sum -= value * value
            case .manhattan: break
            }
        }
        return sum
    }

    /// Returns what a unit of the sum stands for.
    private func aimLevels(
        _ kernel: inout qvk_scorer, _ bits: qvk_bits, _ q: UnsafePointer<Float>, _ coding: QueryCoding,
        memory: UnsafeMutableRawPointer
    ) -> Float {
        let kernels = unsafe qvk_quantized_active().pointee
        switch coding {
        case .eightBits:
            unsafe kernel.score = Quantizer.function(kernels.score_levels, bits)
            return unsafe qvk_spread_query(bits, q, dimension, memory.assumingMemoryBound(to: Int8.self), &kernel.bias)
        case .planes(let planes):
            unsafe kernel.score = planes == 1 ? kernels.score_signs_1 : kernels.score_signs_4
            unsafe kernel.bias = Int32(truncatingIfNeeded: dimension) * ((1 << Int32(planes)) - 1)
            // A row's factor is for levels of 127.
            return unsafe 127 * qvk_query_planes(planes, q, dimension, memory.assumingMemoryBound(to: UInt8.self))
        case .floats:
            switch metric {
            case .dot, .cosine: unsafe kernel.score = kernels.score_stored.0
            case .euclid: unsafe kernel.score = kernels.score_stored.1
            case .manhattan: unsafe kernel.score = kernels.score_stored.2
            }
            unsafe qvk_lay_out_query(q, dimension, memory.assumingMemoryBound(to: Float.self))
            return 1
        }
    }

    private func aimProduct(
        _ kernel: inout qvk_scorer, _ q: UnsafePointer<Float>, _ width: Int, _ centroids: [Float],
        memory: UnsafeMutableRawPointer
    ) {
        let parts = Quantizer.partCount(dimension: dimension, width: width)
        let floats = unsafe (memory + 64).assumingMemoryBound(to: Float.self)
        let low = unsafe UnsafeMutableRawPointer(floats + 256 * parts).assumingMemoryBound(to: UInt8.self)
        let high = unsafe Quantizer.hasWideTables(width: width) ? low + 256 * parts : nil
        var constant: Float = 0
        let scale = unsafe qvk_quantized_active().pointee.product_tables(
            q, dimension, width, centroids, metric == .manhattan, floats, low, high, &constant)
        unsafe memory.storeBytes(of: qvk_product_query(low: low, high: high), as: qvk_product_query.self)
        unsafe kernel.length = parts
        let factor: Float = metric == .euclid ? 2 : metric == .manhattan ? slope : 1
        unsafe kernel.weight = factor * scale
        unsafe kernel.norm_weight = factor * constant
        if metric == .manhattan { unsafe kernel.constant = intercept }
    }

    private typealias Functions = (
        qvk_score_function?, qvk_score_function?, qvk_score_function?, qvk_score_function?
    )

    private static func function(_ functions: Functions, _ bits: qvk_bits) -> qvk_score_function? {
        switch bits {
        case QVK_BITS_1: unsafe functions.0
        case QVK_BITS_1_5: unsafe functions.1
        case QVK_BITS_2: unsafe functions.2
        default: unsafe functions.3
        }
    }
}
