@testable import QuiverIndex
import QuiverTestKit

typealias SparseRandom = QuiverTestKit.SeededGenerator

/// Random sparse rows, and the plain answer to every question about them.
final class SparseDataset {
    struct Shape {
        var rows = 3000
        var terms = 300
        var entries = 12
        /// Per cent of values below zero.
        var negative = 0
        /// Whole numbers, so that scores tie.
        var coarse = false
        /// Distance between ids.
        var stride: UInt32 = 1
        var datatype = SparseDatatype.float32
    }

    let shape: Shape
    let writer: SparseRowsWriter
    let rows: SparseRowsView
    /// As stored.
    private(set) var indices: [[UInt32]] = []
    private(set) var values: [[Float]] = []

    init(_ shape: Shape, _ random: inout SparseRandom) {
        self.shape = shape
        var drawn: [(indices: [UInt32], values: [Float])] = []
        for _ in 0..<shape.rows {
            let count = random.chance(5) ? 0 : random.below(2 * shape.entries)
            drawn.append(SparseDataset.draw(count, shape, &random))
        }
        let writer = SparseRowsWriter(
            rows: shape.rows, entries: drawn.reduce(0) { $0 + $1.indices.count }, datatype: shape.datatype)
        for row in drawn {
            row.indices.withUnsafeBufferPointer { indices in
                row.values.withUnsafeBufferPointer { values in writer.append(indices: indices, values: values) }
            }
        }
        self.writer = writer
        rows = writer.view
        for row in 0..<shape.rows {
            var rowIndices: [UInt32] = [], rowValues: [Float] = []
            rows.copy(row, indices: &rowIndices, values: &rowValues)
            indices.append(rowIndices)
            values.append(rowValues)
        }
    }

    /// Distinct ids, the low ones far more often.
    static func draw(_ count: Int, _ shape: Shape, _ random: inout SparseRandom) -> (indices: [UInt32], values: [Float]) {
        var ids: Set<UInt32> = []
        for _ in 0..<count {
            let uniform = Double(random.next() >> 11) / Double(1 << 53)
            ids.insert(UInt32(Double(shape.terms) * uniform * uniform * uniform) &* shape.stride)
        }
        let sorted = ids.sorted()
        return (sorted, sorted.map { _ in value(shape, &random) })
    }

    private static func value(_ shape: Shape, _ random: inout SparseRandom) -> Float {
        if random.chance(2) { return 0 }
        let magnitude: Float = shape.coarse ? Float(1 + random.below(3)) : Float(random.next() >> 40) / Float(1 << 22)
        return random.chance(shape.negative) ? -magnitude : magnitude
    }

    func query(_ count: Int, _ random: inout SparseRandom) -> (indices: [UInt32], values: [Float]) {
        let drawn = SparseDataset.draw(count, shape, &random)
        let order = drawn.indices.indices.shuffled(using: &random)
        return (order.map { drawn.indices[$0] }, order.map { drawn.values[$0] })
    }

    /// What the rows score.
    struct Oracle {
        let data: SparseDataset
        let weights: [UInt32: Float]

        init(_ data: SparseDataset, _ query: (indices: [UInt32], values: [Float])) {
            self.data = data
            weights = Dictionary(uniqueKeysWithValues: zip(query.indices, query.values))
        }

        /// Score and size of its parts, in double precision; nil when nothing is shared.
        func score(_ row: Int) -> (score: Double, size: Double)? {
            var score = 0.0, size = 0.0, shares = false
            for position in data.indices[row].indices {
                guard let weight = weights[data.indices[row][position]] else { continue }
                let part = Double(weight) * Double(data.values[row][position])
                shares = true
                score += part
                size += abs(part)
            }
            return shares ? (score, size) : nil
        }
    }
}
