import CVectorKernels
import Synchronization

extension Quantizer {
    /// Rows that means and spreads are taken from.
    private static let momentRows = 32_768
    /// Rows that centroids are trained on: 64 for each of 256.
    private static let centroidRows = 16_384
    private static let iterations = 10
    /// Pairs of rows that the line of Manhattan is fitted to: so many queries times so many rows.
    private static let calibrationRows = 96

    /// Trains a quantizer for rows like these, which are not empty. For cosine they are of length 1. The result depends
    /// on the rows and their order alone.
    package static func train(
        _ form: QuantizationForm, rows: RowsView, metric: Metric, threads: Int = 1,
        control: BuildControl = BuildControl()
    ) throws(IndexError) -> Quantizer {
        precondition(rows.count > 0 && rows.dimension <= CodeEncoder.maximumDimension && threads > 0)
        let dimension = rows.dimension
        let sample = RowSample(rows, count: momentRows)
        let mean = sample.mean()
        guard !control.isCancelled else { throw .cancelled }
        var quantizer: Quantizer
        if case .product(let width) = form {
            precondition(width > 0 && width <= 64)
            let (centroids, bias) = try Quantizer.centroids(
                RowSample(rows, count: centroidRows), mean: mean, width: width, threads: threads, control: control)
            quantizer = Quantizer(
                form: form, dimension: dimension, metric: metric,
                kind: .product(width: width, centroids: centroids, bias: bias), mean: mean, keepsLength: false)
        } else {
            let bits = Quantizer.bits(of: form) ?? QVK_BITS_4
            if metric == .manhattan {
                let (spread, inverse) = Quantizer.usable(spread: sample.spread(around: mean))
                quantizer = Quantizer(
                    form: form, dimension: dimension, metric: metric,
                    kind: .plain(bits, spread: spread, inverse: inverse), mean: mean, keepsLength: false)
            } else {
                quantizer = Quantizer(
                    form: form, dimension: dimension, metric: metric,
                    kind: .rotated(bits, signs: signs(dimension: dimension)), mean: mean, keepsLength: false)
            }
        }
        guard !control.isCancelled else { throw .cancelled }
        if metric == .manhattan { quantizer.calibrate(RowSample(rows, count: calibrationRows)) }
        return quantizer
    }

    /// Spreads with their inverses; a spread that cannot be divided by counts as none.
    static func usable(spread: [Float]) -> (spread: [Float], inverse: [Float]) {
        let inverse = spread.map { $0 > 1e-30 && $0.isFinite ? 1 / $0 : 0 }
        return (zip(spread, inverse).map { $1 > 0 ? $0 : 0 }, inverse)
    }

    // MARK: Products

    /// k-means for each part by itself (Jégou et al. 2011): centroids transposed, and half their squared lengths.
    private static func centroids(
        _ sample: RowSample, mean: [Float], width: Int, threads: Int, control: BuildControl
    ) throws(IndexError) -> ([Float], [Float]) {
        let dimension = sample.rows.dimension
        let parts = partCount(dimension: dimension, width: width)
        let work = PartTraining(dimension: dimension, parts: parts)
        control.begin(total: parts)
        ThreadTeam.run(count: min(threads, parts)) { _ in
            while !control.isCancelled, let part = work.take() {
                let first = part * width
                let count = min(width, dimension - first)
                unsafe PartTraining.train(
                    sample, mean: mean, first: first, width: count, iterations: iterations, control: control,
                    seed: UInt64(part), centroids: work.centroids + first * 256, bias: work.bias + part * 256)
                control.advance(by: 1)
            }
        }
        guard !control.isCancelled else { throw .cancelled }
        return work.result()
    }

    // MARK: Manhattan

    /// Fits score = slope * raw + intercept by least squares over pairs of sample rows, so that scores estimate the
    /// similarity: the distance between two cells is not that between their levels.
    private mutating func calibrate(_ sample: RowSample) {
        let count = sample.count
        guard count > 1 else { return }
        let stride = strideBytes
        let memory = UnsafeMutableRawPointer.allocate(byteCount: count * stride, alignment: 64)
        defer { unsafe memory.deallocate() }
        for index in 0..<count { unsafe encode(sample.row(index), into: memory + index * stride) }
        let view = unsafe QuantizedView(quantizer: self, base: memory, count: count)
        let scratch = SearchScratch()
        var scores = [Float](repeating: 0, count: count)
        let exact = unsafe qvk_active().pointee.l1_f32
        var (n, sx, sy, sxx, sxy) = (0.0, 0.0, 0.0, 0.0, 0.0)
        for query in 0..<count {
            let scorer = unsafe scratch.prepare(
                QueryVectors(sample.row(query), dimension: dimension), on: view)
            unsafe scores.withUnsafeMutableBufferPointer { buffer in
                guard let base = buffer.baseAddress else { return }
                unsafe scorer.score(from: 0, count, into: base)
            }
            for row in 0..<count where row != query {
                let x = Double(scores[row])
                let y = -Double(unsafe exact?(sample.row(query), sample.row(row), dimension) ?? 0)
                n += 1
                sx += x
                sy += y
                sxx += x * x
                sxy += x * y
            }
        }
        let variance = sxx - sx * sx / n
        let line = variance > 0 ? (sxy - sx * sy / n) / variance : 1
        let fitted = Float(line)
        guard fitted.isFinite, fitted > 0.05, fitted < 20 else { return }
        slope = fitted
        intercept = Float((sy - line * sx) / n)
        if !intercept.isFinite { (slope, intercept) = (1, 0) }
    }
}

/// At most so many rows of a segment, evenly apart.
@safe struct RowSample: Sendable {
    let rows: RowsView
    let count: Int

    init(_ rows: RowsView, count: Int) {
        self.rows = rows
        self.count = min(count, rows.count)
    }

    func row(_ index: Int) -> UnsafePointer<Float> {
        unsafe rows.floats + (index * rows.count / count) * rows.strideFloats
    }

    func mean() -> [Float] {
        var sum = [Double](repeating: 0, count: rows.dimension)
        for index in 0..<count {
            let row = unsafe row(index)
            for i in 0..<rows.dimension { unsafe sum[i] += Double(row[i]) }
        }
        return sum.map { Float($0 / Double(count)) }
    }

    /// The standard deviation of each dimension.
    func spread(around mean: [Float]) -> [Float] {
        var sum = [Double](repeating: 0, count: rows.dimension)
        for index in 0..<count {
            let row = unsafe row(index)
            for i in 0..<rows.dimension {
                let value = unsafe Double(row[i] - mean[i])
                sum[i] += value * value
            }
        }
        return sum.map { Float(($0 / Double(count)).squareRoot()) }
    }
}

/// Parts of a product that threads take and train, and what becomes of them.
@safe private final class PartTraining: @unchecked Sendable {  // Each part's memory is written by who took the part.
    let centroids: UnsafeMutablePointer<Float>
    let bias: UnsafeMutablePointer<Float>
    private let dimension: Int
    private let parts: Int
    private let next = Atomic<Int>(0)

    init(dimension: Int, parts: Int) {
        self.dimension = dimension
        self.parts = parts
        unsafe centroids = .allocate(capacity: dimension * 256)
        unsafe bias = .allocate(capacity: parts * 256)
        unsafe centroids.initialize(repeating: 0, count: dimension * 256)
        unsafe bias.initialize(repeating: 0, count: parts * 256)
    }

    deinit {
        unsafe centroids.deallocate()
        unsafe bias.deallocate()
    }

    func take() -> Int? {
        let part = next.add(1, ordering: .relaxed).oldValue
        return part < parts ? part : nil
    }

    func result() -> ([Float], [Float]) {
        (
            unsafe Array(UnsafeBufferPointer(start: centroids, count: dimension * 256)),
            unsafe Array(UnsafeBufferPointer(start: bias, count: parts * 256))
        )
    }

    /// Lloyd's iterations over the values `first..<first + width` of the sample.
    static func train(
        _ sample: RowSample, mean: [Float], first: Int, width: Int, iterations: Int, control: BuildControl,
        seed: UInt64, centroids: UnsafeMutablePointer<Float>, bias: UnsafeMutablePointer<Float>
    ) {
        let count = sample.count
        let points = UnsafeMutablePointer<Float>.allocate(capacity: count * width)
        let codes = UnsafeMutablePointer<UInt8>.allocate(capacity: count)
        defer {
            unsafe points.deallocate()
            unsafe codes.deallocate()
        }
        for index in 0..<count {
            let row = unsafe sample.row(index) + first
            for j in 0..<width { unsafe points[index * width + j] = row[j] - mean[first + j] }
        }
        var random = SplitMix(state: seed)
        unsafe begin(points, count, width, &random, centroids)
        let assign = unsafe qvk_quantized_active().pointee.assign
        var sums = [Double](repeating: 0, count: 256 * width)
        var members = [Int](repeating: 0, count: 256)
        for _ in 0..<iterations {
            if control.isCancelled { return }
            unsafe measure(centroids, width, bias)
            unsafe assign?(points, width, count, width, centroids, bias, codes, 1)
            for i in 0..<sums.count { sums[i] = 0 }
            for c in 0..<256 { members[c] = 0 }
            for index in 0..<count {
                let code = unsafe Int(codes[index])
                members[code] += 1
                for j in 0..<width { unsafe sums[code * width + j] += Double(points[index * width + j]) }
            }
            for c in 0..<256 {
                // One without points begins again at some point.
                let chosen = members[c] == 0 ? random.next(below: count) : 0
                for j in 0..<width {
                    unsafe centroids[j * 256 + c] = members[c] == 0
                        ? points[chosen * width + j] : Float(sums[c * width + j] / Double(members[c]))
                }
            }
        }
        unsafe measure(centroids, width, bias)
    }

    /// The first centroids: points without repetition, and for single values the quantiles.
    private static func begin(
        _ points: UnsafePointer<Float>, _ count: Int, _ width: Int, _ random: inout SplitMix,
        _ centroids: UnsafeMutablePointer<Float>
    ) {
        if width == 1 {
            let sorted = unsafe Array(UnsafeBufferPointer(start: points, count: count)).sorted()
            for c in 0..<256 { unsafe centroids[c] = sorted[(2 * c + 1) * count / 512] }
            return
        }
        var order = Array(0..<count)
        for c in 0..<256 {
            let place = c % count
            if c < count { order.swapAt(place, place + random.next(below: count - place)) }
            for j in 0..<width { unsafe centroids[j * 256 + c] = points[order[place] * width + j] }
        }
    }

    private static func measure(
        _ centroids: UnsafePointer<Float>, _ width: Int, _ bias: UnsafeMutablePointer<Float>
    ) {
        for c in 0..<256 {
            var sum: Float = 0
            for j in 0..<width { unsafe sum += centroids[j * 256 + c] * centroids[j * 256 + c] }
            unsafe bias[c] = sum / 2
        }
    }
}
