import CVectorKernels

extension Quantizer {
    /// Bytes that one query needs; a multiple of 64.
    func queryBytes(_ encoding: BinaryQueryEncoding) -> Int {
        let floats = (dimension * MemoryLayout<Float>.stride + 63) / 64 * 64
        switch kind {
        case .rotated(let bits, _):
            return floats + max(qvk_spread_query_bytes(bits, dimension), planes(encoding).map {
                qvk_query_planes_bytes($0, dimension)
            } ?? 0)
        case .plain(let bits, _, _):
            return floats + 2 * qvk_spread_query_bytes(bits, dimension)
        case .product(let width, _, _):
            // The header, floats of the tables, their bytes.
            let entries = 256 * Quantizer.partCount(dimension: dimension, width: width)
            return floats + 64 + entries * (MemoryLayout<Float>.stride + 2)
        }
    }

    /// Entries of one byte blur products of one or two values, which are finer than that themselves.
    static func hasWideTables(width: Int) -> Bool { width <= 2 }

    /// Bit planes of the query, nil for eight bits.
    private func planes(_ encoding: BinaryQueryEncoding) -> UInt32? {
        guard form == .binary(.oneBit) else { return nil }
        switch encoding {
        case .binary: return 1
        case .scalar4Bits: return 4
        case .default, .scalar8Bits: return nil
        }
    }

    /// Points `kernel` at rows and makes `query` (`dimension` floats) its query, in `memory` of `queryBytes`, which is
    /// aligned to 64 bytes.
    func aim(
        _ kernel: inout qvk_scorer, at rows: UnsafeRawPointer, query: UnsafePointer<Float>,
        encoding: BinaryQueryEncoding, memory: UnsafeMutableRawPointer
    ) {
        let kernels = unsafe qvk_quantized_active().pointee
        let q = unsafe memory.assumingMemoryBound(to: Float.self)
        let rest = unsafe memory + (dimension * MemoryLayout<Float>.stride + 63) / 64 * 64
        unsafe kernel = qvk_scorer()
        unsafe kernel.base = rows
        unsafe kernel.stride_bytes = strideBytes
        unsafe kernel.length = dimension
        unsafe kernel.query = UnsafeRawPointer(rest)
        unsafe kernel.constant = center(query, into: q)
        switch kind {
        case .rotated(let bits, let signs):
            unsafe qvk_rotate(q, dimension, signs)
            if let planes = planes(encoding) {
                let scale = unsafe qvk_query_planes(planes, q, dimension, rest.assumingMemoryBound(to: UInt8.self))
                unsafe kernel.score = planes == 1 ? kernels.score_signs_1 : kernels.score_signs_4
                unsafe kernel.bias = Int32(truncatingIfNeeded: dimension) * (1 << Int32(planes) - 1)
                // A row's factor is for levels of 127.
                unsafe kernel.weight = 127 * scale
            } else {
                unsafe kernel.weight = qvk_spread_query(
                    bits, q, dimension, rest.assumingMemoryBound(to: Int8.self), &kernel.bias)
                unsafe kernel.score = Quantizer.function(kernels.score_levels, bits)
            }
            if metric == .euclid { unsafe kernel.weight *= 2 }
        case .plain(let bits, let spread, let inverse):
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

    private func aimProduct(
        _ kernel: inout qvk_scorer, _ q: UnsafePointer<Float>, _ width: Int, _ centroids: [Float],
        memory: UnsafeMutableRawPointer
    ) {
        let parts = Quantizer.partCount(dimension: dimension, width: width)
        let floats = unsafe (memory + 64).assumingMemoryBound(to: Float.self)
        let low = unsafe UnsafeMutableRawPointer(floats + 256 * parts).assumingMemoryBound(to: UInt8.self)
        let high = unsafe Quantizer.hasWideTables(width: width) ? low + 256 * parts : nil
        var constant: Float = 0
        let scale = unsafe qvk_product_tables(
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
