import Foundation
@testable import QuiverIndex
import Testing

/// Recall on the shipped sample of real embeddings: 5,000 rows, 384 dimensions. Floors are a little below what was
/// measured.
@Suite struct QuantizationRecallTests {
    /// Every 100th row is a query, and is no row.
    private static func sample() throws -> (rows: SampleRows, queries: [[Float]]) {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Data/sample5k.f16.npy")
        let bytes = [UInt8](try Data(contentsOf: file))
        // NumPy's format 1.0: magic, version, u16 length of the header, header, rows.
        let first = 10 + Int(bytes[8]) + Int(bytes[9]) << 8
        let dimension = 384
        var rows: [Float] = []
        var queries: [[Float]] = []
        for (index, at) in stride(from: first, to: bytes.count, by: 2 * dimension).enumerated() {
            var row = (0..<dimension).map { i -> Float in
                let half = UInt16(bytes[at + 2 * i]) | UInt16(bytes[at + 2 * i + 1]) << 8
                return Float(Float16(bitPattern: half))
            }
            CodeEncoder.normalise(row, dimension: dimension, into: &row)
            if index % 100 == 0 { queries.append(row) } else { rows += row }
        }
        return (SampleRows(rows, dimension: dimension), queries)
    }

    final class SampleRows {
        let floats: UnsafeMutablePointer<Float>
        let view: RowsView

        init(_ values: [Float], dimension: Int) {
            floats = .allocate(capacity: values.count)
            floats.initialize(from: values, count: values.count)
            view = RowsView(floats: floats, dimension: dimension, strideFloats: dimension, count: values.count / dimension)
        }

        deinit { floats.deallocate() }
    }

    /// Form, metric, floor of the best 10 by quantized scores, floor of the best 64, which is what rescoring finds.
    static let floors: [(QuantizationForm, Metric, Double, Double)] = [
        (.binary(.oneBit), .cosine, 0.70, 0.97), (.binary(.oneAndHalfBits), .cosine, 0.77, 0.98),
        (.binary(.twoBits), .cosine, 0.84, 0.99), (.turbo(.four), .cosine, 0.94, 0.999),
        (.product(dimensionsPerCode: 4), .cosine, 0.84, 0.99), (.product(dimensionsPerCode: 16), .cosine, 0.50, 0.88),
        (.binary(.oneBit), .euclid, 0.70, 0.97), (.turbo(.four), .euclid, 0.94, 0.999),
        (.product(dimensionsPerCode: 8), .euclid, 0.70, 0.97),
        (.binary(.oneBit), .manhattan, 0.60, 0.93), (.turbo(.two), .manhattan, 0.76, 0.97),
        (.turbo(.four), .manhattan, 0.90, 0.99), (.product(dimensionsPerCode: 4), .manhattan, 0.74, 0.95),
    ]

    @Test func recallOfTheSample() throws {
        let (rows, queries) = try Self.sample()
        let scratch = SearchScratch()
        let view = rows.view
        for (form, metric, plainFloor, rescoredFloor) in Self.floors {
            let quantizer = try Quantizer.train(form, rows: view, metric: metric)
            let memory = UnsafeMutableRawPointer.allocate(byteCount: view.count * quantizer.strideBytes, alignment: 64)
            defer { memory.deallocate() }
            for row in 0..<view.count {
                quantizer.encode(view.floats + row * view.strideFloats, into: memory + row * quantizer.strideBytes)
            }
            var plain = 0, rescored = 0
            for query in queries {
                query.withUnsafeBufferPointer { buffer in
                    let vectors = QueryVectors(buffer.baseAddress!, dimension: view.dimension)
                    func best(_ scorer: Scorer, _ keep: Int) -> Set<UInt32> {
                        _ = Search.scan(0..<view.count, scorer: scorer, filter: RowFilter(), keep: keep, scratch: scratch)
                        return Set(scratch.candidates.map(\.row))
                    }
                    let truth = best(scratch.prepare(vectors, on: view, metric: metric), 10)
                    let scorer = scratch.prepare(
                        vectors, on: QuantizedView(quantizer: quantizer, base: memory, count: view.count))
                    plain += truth.intersection(best(scorer, 10)).count
                    rescored += truth.intersection(best(scorer, 64)).count
                }
            }
            let recall = (Double(plain) / Double(10 * queries.count), Double(rescored) / Double(10 * queries.count))
            #expect(recall.0 >= plainFloor && recall.1 >= rescoredFloor, "\(form), \(metric): \(recall)")
        }
    }
}
