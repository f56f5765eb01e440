import Quiver
import QuiverTestKit
import Testing

/// One vector of a collection under test, and what the engine has to make of it.
struct KindShape: Sendable, CustomTestStringConvertible {
    var isMulti: Bool
    var datatype: VectorDatatype
    var distance: Distance
    var dimension = 24

    static let all = [false, true].flatMap { isMulti in
        VectorDatatype.allCases.flatMap { datatype in
            Distance.allCases.map { KindShape(isMulti: isMulti, datatype: datatype, distance: $0) }
        }
    }

    static let quantizations: [QuantizationConfig] =
        [
            .scalar(ScalarQuantization()), .scalar(ScalarQuantization(quantile: 0.95, alwaysRAM: true)),
            .product(ProductQuantization(compression: .x4)), .product(ProductQuantization(compression: .x16)),
        ]
        + BinaryQuantization.Encoding.allCases.flatMap { encoding in
            BinaryQuantization.QueryEncoding.allCases.map {
                .binary(BinaryQuantization(encoding: encoding, queryEncoding: $0))
            }
        }
        + TurboQuantization.Bits.allCases.map { .turbo(TurboQuantization(bits: $0)) }

    var testDescription: String { "\(isMulti ? "multi" : "dense") \(datatype.rawValue) \(distance.rawValue)" }

    func config(_ quantization: QuantizationConfig? = nil) -> CollectionConfig {
        var params = VectorParams(size: dimension, distance: distance)
        params.datatype = datatype
        params.multivector = isMulti ? MultivectorConfig(comparator: .maxSim) : nil
        var config = CollectionConfig(vectors: .unnamed(params))
        config.quantization = quantization
        config.optimizers.indexingThreshold = 1
        config.optimizers.vacuumMinVectorNumber = 16
        config.hnsw.m = 8
        config.hnsw.efConstruct = 64
        config.hnsw.fullScanThreshold = 1
        return config
    }

    // MARK: Values

    func value(_ rows: [[Float]]) -> VectorValue { isMulti ? .multi(rows) : .dense(rows[0]) }

    static func rows(_ value: VectorValue?) -> [[Float]]? {
        switch value {
        case .dense(let row)?: [row]
        case .multi(let rows)?: rows
        case .sparse?, nil: nil
        }
    }

    static func rows(_ vectors: PointVectors?) -> [[Float]]? {
        if case .unnamed(let value)? = vectors { rows(value) } else { nil }
    }

    func random(_ random: inout SeededGenerator) -> [[Float]] {
        (0..<(isMulti ? 1 + random.below(5) : 1)).map { _ in
            // Now and then a coarse grid: equal scores and zero vectors.
            let isCoarse = random.chance(8)
            return (0..<dimension).map { place in
                let number = isCoarse ? Float(random.below(3) - 1) : Float(random.next() >> 40) / Float(1 << 23) - 1
                // Dimensions of different weight, as embeddings have them.
                let weighted = number * (1 + Float(place % 5) / 2)
                return datatype == .uint8 ? 120 + weighted * 60 : weighted
            }
        }
    }

    /// As the datatype holds it. Of `turbo4`, which the engine alone knows how to round, the vector as it came.
    func stored(_ row: [Float]) -> [Float] {
        switch datatype {
        case .float32: normalised(row)
        case .float16: normalised(row).map { Float(Float16($0)) }
        case .uint8: row.map { min(max($0, 0), 255).rounded(.towardZero) }
        case .turbo4: normalised(row)
        }
    }

    private func normalised(_ row: [Float]) -> [Float] { distance == .cosine ? PlainMath.normalised(row) : row }

    /// How far a component may be from what is expected of it.
    func tolerance(_ row: [Float]) -> Float {
        switch (datatype, distance) {
        case (.float32, .cosine): 1e-6
        // The last bit of the length may decide how a half is rounded.
        case (.float16, .cosine): 1e-3
        case (.float32, _), (.float16, _), (.uint8, _): 0
        // Of a row of length 1 each component is about 0.1 off.
        case (.turbo4, _): 0.6 * Float(PlainMath.length(row))
        }
    }

    // MARK: Similarities

    /// MaxSim: for each row of the query the best row.
    func similarity(_ query: [[Float]], _ rows: [[Float]]) -> Double {
        query.reduce(0) { sum, query in sum + (rows.map { similarity(query, $0) }.max() ?? 0) }
    }

    private func similarity(_ query: [Float], _ row: [Float]) -> Double {
        let plain = PlainMath.similarity(query, row, distance)
        guard distance == .cosine, datatype == .uint8 else { return plain }
        let lengths = PlainMath.length(query) * PlainMath.length(row)
        return lengths > 0 ? plain / lengths : 0
    }

    /// How far a similarity may be from the exact one.
    func tolerance(_ query: [[Float]], _ rows: [[Float]]) -> Double {
        let lengths = query.map(PlainMath.length).reduce(0, +) * (rows.map(PlainMath.length).max() ?? 0)
        let share = 2e-4
        switch distance {
        case .cosine: return share * Double(query.count)
        case .dot: return share * lengths + 1e-6
        case .euclid: return share * (2 * lengths + 1)
        case .manhattan: return 1e-4 * (1 + abs(similarity(query, rows)))
        }
    }
}

extension PlainMath {
    static func length(_ row: [Float]) -> Double {
        row.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    }
}
