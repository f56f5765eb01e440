import CVectorKernels
import Synchronization

/// Everything a search writes. Grows to the largest segment and ef it has seen, so that a warm search allocates
/// nothing. One thread at a time; `SearchScratchPool` hands them out.
@safe package final class SearchScratch {
    /// One epoch byte per row: a row is visited when its byte equals the current epoch.
    private var visited: UnsafeMutablePointer<UInt8>
    private var visitedCount = 0
    private var epoch: UInt8 = 0

    private var pool: UnsafeMutablePointer<Candidate>
    private var poolCapacity: Int

    private let ids: UnsafeMutablePointer<UInt32>
    private let rejected: UnsafeMutablePointer<UInt32>
    private let scores: UnsafeMutablePointer<Float>

    private var codeKernels = KernelArray()
    private var rowKernels = KernelArray()
    private var quantizedKernels = KernelArray()
    private var partial: UnsafeMutablePointer<Float>
    private var partialVectors = 0
    /// Scores of the rows of one multivector, `Scorer.batchLimit` of them; taken when one is first met.
    private var rowScores: UnsafeMutablePointer<Float>?

    /// How many of the pool's entries are the result of the last walk or scan.
    package internal(set) var candidateCount = 0

    /// Of searches on sparse vectors; made when the first one comes.
    package private(set) lazy var sparse = SparseScratch()

    package init() {
        poolCapacity = 1024
        unsafe visited = .allocate(capacity: 1)
        unsafe pool = .allocate(capacity: poolCapacity)
        unsafe ids = .allocate(capacity: Scorer.batchLimit)
        unsafe rejected = .allocate(capacity: Scorer.batchLimit)
        unsafe scores = .allocate(capacity: Scorer.batchLimit)
        unsafe partial = .allocate(capacity: 1)
    }

    deinit {
        unsafe visited.deallocate()
        unsafe pool.deallocate()
        unsafe ids.deallocate()
        unsafe rejected.deallocate()
        unsafe scores.deallocate()
        unsafe partial.deallocate()
        unsafe rowScores?.deallocate()
        codeKernels.free()
        rowKernels.free()
        quantizedKernels.free()
    }

    /// What the last walk or scan found, best first. Valid until the next one.
    package var candidates: UnsafeBufferPointer<Candidate> {
        unsafe UnsafeBufferPointer(start: pool, count: candidateCount)
    }

    // MARK: Preparing scorers

    /// A scorer on codes. `metric` must use codes, and the dimensions must agree.
    ///
    /// - Parameter groups: of multivectors; then the query has `rowEnds`.
    package func prepare(
        _ query: QueryVectors, on codes: CodesView, metric: Metric, groups: RowGroups? = nil
    ) -> Scorer {
        precondition(metric.usesCodes && query.dimension == codes.dimension)
        let stride = CodeEncoder.strideBytes(dimension: codes.dimension)
        codeKernels.reserve(count: query.rowCount, queryBytes: stride)
        for index in 0..<query.rowCount {
            let target = unsafe codeKernels.queries + index * stride
            var sum: Int32 = 0
            var norm: Float = 0
            let scale = unsafe qvk_encode_query(
                query.floats + index * query.dimension, query.dimension, target, stride, &sum, &norm)
            var kernel = unsafe Kernel.onCodes(codes, metric: metric)
            unsafe kernel.query = UnsafeRawPointer(target)
            unsafe kernel.bias = 128 * sum
            // Cosine on bytes: queries come as they are, the codes are of normalised rows.
            let isLong = metric == .cosine && norm > 0 && abs(norm - 1) > 1e-3
            unsafe kernel.weight = metric == .euclid ? 2 * scale : isLong ? scale / norm.squareRoot() : scale
            unsafe kernel.constant = metric == .euclid ? -norm : 0
            unsafe (codeKernels.kernels + index).initialize(to: kernel)
        }
        let squaredNorm = metric == .euclid ? unsafe -codeKernels.kernels[0].constant : 1
        return unsafe scorer(
            codeKernels.kernels, query, groups, DistanceScale(metric, resolution: squaredNorm * CodeEncoder.resolution))
    }

    /// A scorer on floats: exact. The query vectors must stay where they are.
    package func prepare(
        _ query: QueryVectors, on rows: RowsView, metric: Metric, groups: RowGroups? = nil
    ) -> Scorer {
        precondition(query.dimension == rows.dimension)
        rowKernels.reserve(count: query.rowCount, queryBytes: 0)
        for index in 0..<query.rowCount {
            var kernel = unsafe Kernel.onRows(rows, metric: metric)
            let floats = unsafe query.floats + index * query.dimension
            unsafe kernel.query = UnsafeRawPointer(floats)
            if rows.element == .uint8 && metric == .cosine { unsafe kernel.weight = Kernel.inverseNorm(floats, rows.dimension) }
            unsafe (rowKernels.kernels + index).initialize(to: kernel)
        }
        return unsafe scorer(rowKernels.kernels, query, groups, DistanceScale(metric, resolution: 0))
    }

    /// A scorer on quantized rows: its scores estimate the similarity. The dimensions must agree.
    package func prepare(
        _ query: QueryVectors, on view: QuantizedView, queryEncoding: BinaryQueryEncoding = .default,
        groups: RowGroups? = nil
    ) -> Scorer {
        prepare(query, on: view, coding: view.quantizer.coding(queryEncoding), groups, in: &quantizedKernels)
    }

    /// A scorer on the rows of a storage quantizer, of what they decode to: exact.
    package func prepareExact(_ query: QueryVectors, on view: QuantizedView, groups: RowGroups? = nil) -> Scorer {
        precondition(view.quantizer.keepsLength)
        return prepare(query, on: view, coding: .floats, groups, in: &rowKernels)
    }

    private func prepare(
        _ query: QueryVectors, on view: QuantizedView, coding: Quantizer.QueryCoding, _ groups: RowGroups?,
        in array: inout KernelArray
    ) -> Scorer {
        let quantizer = view.quantizer
        precondition(query.dimension == quantizer.dimension)
        let bytes = quantizer.queryBytes(coding)
        array.reserve(count: query.rowCount, queryBytes: bytes)
        for index in 0..<query.rowCount {
            var kernel = unsafe qvk_scorer()
            let memory = unsafe UnsafeMutableRawPointer(array.queries + index * bytes)
            let row = unsafe query.floats + index * query.dimension
            if quantizer.metric == .cosine {
                // Cosine on bytes: queries come as they are, the codes are of normalised rows.
                unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: query.dimension) { normal in
                    guard let normal = normal.baseAddress else { return }
                    unsafe CodeEncoder.normalise(row, dimension: query.dimension, into: normal)
                    unsafe quantizer.aim(&kernel, at: view.base, query: normal, coding: coding, memory: memory)
                }
            } else {
                unsafe quantizer.aim(&kernel, at: view.base, query: row, coding: coding, memory: memory)
            }
            unsafe (array.kernels + index).initialize(to: kernel)
        }
        return unsafe scorer(array.kernels, query, groups, nil)
    }

    private func scorer(
        _ kernels: UnsafePointer<qvk_scorer>, _ query: QueryVectors, _ groups: RowGroups?, _ distance: DistanceScale?
    ) -> Scorer {
        if query.combination != .nearest && query.count > partialVectors {
            unsafe partial.deallocate()
            unsafe partial = .allocate(capacity: query.count * Scorer.batchLimit)
            partialVectors = query.count
        }
        var scorer = unsafe Scorer(
            kernels: kernels, count: query.count, positiveCount: query.positiveCount, combination: query.combination,
            weights: query.weights, partial: query.combination == .nearest ? nil : partial)
        if let groups, let rowEnds = unsafe query.rowEnds {
            let scores = unsafe rowScores ?? .allocate(capacity: Scorer.batchLimit)
            unsafe rowScores = scores
            unsafe scorer.multi = MultiScoring(groups: groups, rowEnds: rowEnds, rowScores: scores)
        } else if query.combination == .nearest {
            scorer.distance = distance
        }
        return scorer
    }

    // MARK: Buffers

    /// The buffers for a walk over `rowCount` rows, with a fresh epoch.
    func walkBuffers(rowCount: Int, poolCapacity: Int) -> WalkBuffers {
        if rowCount > visitedCount {
            unsafe visited.deallocate()
            unsafe visited = .allocate(capacity: rowCount)
            unsafe visited.initialize(repeating: 0, count: rowCount)
            visitedCount = rowCount
            epoch = 0
        }
        if epoch == .max {
            unsafe visited.update(repeating: 0, count: visitedCount)
            epoch = 0
        }
        epoch += 1
        return unsafe buffers(poolCapacity: poolCapacity)
    }

    /// The buffers as they are, candidates included.
    var borrowedBuffers: WalkBuffers {
        unsafe WalkBuffers(visited: visited, epoch: epoch, pool: pool, ids: ids, rejected: rejected, scores: scores)
    }

    /// The buffers for work that visits nothing twice.
    func buffers(poolCapacity wanted: Int) -> WalkBuffers {
        if wanted > poolCapacity {
            unsafe pool.deallocate()
            unsafe pool = .allocate(capacity: wanted)
            poolCapacity = wanted
        }
        candidateCount = 0
        return unsafe borrowedBuffers
    }
}

/// The pointers of a scratch, copied out so that loops touch no class field. `ids`, `rejected` and `scores` have
/// room for `Scorer.batchLimit`.
@unsafe struct WalkBuffers {
    let visited: UnsafeMutablePointer<UInt8>
    let epoch: UInt8
    let pool: UnsafeMutablePointer<Candidate>
    let ids: UnsafeMutablePointer<UInt32>
    let rejected: UnsafeMutablePointer<UInt32>
    let scores: UnsafeMutablePointer<Float>
}

/// Room for the kernels of a query's vectors and, behind one pointer, their signed codes.
@safe private struct KernelArray {
    var kernels: UnsafeMutablePointer<qvk_scorer>
    var queries: UnsafeMutablePointer<Int8>
    private var kernelCapacity = 1
    private var queryCapacity = 64

    init() {
        unsafe kernels = .allocate(capacity: kernelCapacity)
        unsafe queries = KernelArray.aligned(queryCapacity)
    }

    mutating func reserve(count: Int, queryBytes: Int) {
        if count > kernelCapacity {
            unsafe kernels.deallocate()
            unsafe kernels = .allocate(capacity: count)
            kernelCapacity = count
        }
        if count * queryBytes > queryCapacity {
            unsafe queries.deallocate()
            queryCapacity = count * queryBytes
            unsafe queries = KernelArray.aligned(queryCapacity)
        }
    }

    func free() {
        unsafe kernels.deallocate()
        unsafe queries.deallocate()
    }

    private static func aligned(_ bytes: Int) -> UnsafeMutablePointer<Int8> {
        unsafe UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64).bindMemory(to: Int8.self, capacity: bytes)
    }
}

/// Kernels without a query yet.
enum Kernel {
    static func onCodes(_ codes: CodesView, metric: Metric) -> qvk_scorer {
        var kernel = unsafe qvk_scorer()
        unsafe kernel.score = qvk_active().pointee.score_codes
        unsafe kernel.base = UnsafeRawPointer(codes.codes)
        unsafe kernel.stride_bytes = codes.strideBytes
        unsafe kernel.length = CodeEncoder.strideBytes(dimension: codes.dimension)
        unsafe kernel.terms = codes.terms.assumingMemoryBound(to: qvk_code_terms.self)
        unsafe kernel.norm_weight = metric == .euclid ? -1 : 0
        return unsafe kernel
    }

    static func onRows(_ rows: RowsView, metric: Metric) -> qvk_scorer {
        var kernel = unsafe qvk_scorer()
        let table = unsafe qvk_active().pointee
        switch (rows.element, metric) {
        case (.float32, .dot), (.float32, .cosine): unsafe kernel.score = table.score_dot_f32
        case (.float32, .euclid): unsafe kernel.score = table.score_euclid_f32
        case (.float32, .manhattan): unsafe kernel.score = table.score_manhattan_f32
        case (.float16, .dot), (.float16, .cosine): unsafe kernel.score = table.score_dot_f16
        case (.float16, .euclid): unsafe kernel.score = table.score_euclid_f16
        case (.float16, .manhattan): unsafe kernel.score = table.score_manhattan_f16
        case (.uint8, .dot): unsafe kernel.score = table.score_dot_u8
        case (.uint8, .cosine): unsafe kernel.score = table.score_cosine_u8
        case (.uint8, .euclid): unsafe kernel.score = table.score_euclid_u8
        case (.uint8, .manhattan): unsafe kernel.score = table.score_manhattan_u8
        }
        unsafe kernel.base = rows.base
        unsafe kernel.stride_bytes = rows.strideBytes
        unsafe kernel.length = rows.dimension
        switch rows.element {
        case .float32: unsafe kernel.format = QVK_ROWS_F32
        case .float16: unsafe kernel.format = QVK_ROWS_F16
        case .uint8: unsafe kernel.format = QVK_ROWS_U8
        }
        return unsafe kernel
    }

    /// 1 / |x|, 0 for zeros: what `score_cosine_u8` takes as the weight of its query.
    static func inverseNorm(_ x: UnsafePointer<Float>, _ dimension: Int) -> Float {
        var sum: Float = 0
        for index in 0..<dimension { unsafe sum += x[index] * x[index] }
        return sum > 0 ? 1 / sum.squareRoot() : 0
    }
}

/// Scratches at rest. Holds as many as were ever in use at once.
package final class SearchScratchPool: Sendable {
    private struct Resting: ~Copyable, @unchecked Sendable {  // A scratch at rest belongs to nobody.
        var scratches: [SearchScratch] = []
    }
    private let resting = Mutex(Resting())

    package init() {}

    package func withScratch<Result, Failure: Error>(
        _ body: (SearchScratch) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let scratch = take()
        defer { give(back: scratch) }
        return try body(scratch)
    }

    private func take() -> SearchScratch {
        resting.withLock { resting in Transfer(resting.scratches.popLast()) }.scratch ?? SearchScratch()
    }

    private func give(back scratch: SearchScratch) {
        let transfer = Transfer(scratch)
        resting.withLock { resting in
            if let scratch = transfer.scratch { resting.scratches.append(scratch) }
        }
    }

    /// Carries a scratch across the lock: its old owner keeps no reference.
    private struct Transfer: @unchecked Sendable {
        let scratch: SearchScratch?
        init(_ scratch: SearchScratch?) { self.scratch = scratch }
    }
}
