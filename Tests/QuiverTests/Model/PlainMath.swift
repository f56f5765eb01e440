import Quiver

/// Distances and scores as the interface defines them, in double precision.
enum PlainMath {
    static func normalised(_ vector: [Float]) -> [Float] {
        let square = vector.reduce(0.0) { $0 + Double($1) * Double($1) }
        if square < Double(Float.ulpOfOne) || abs(square - 1) < 1e-6 { return vector }
        let length = square.squareRoot()
        return vector.map { Float(Double($0) / length) }
    }

    /// Larger is nearer.
    static func similarity(_ left: [Float], _ right: [Float], _ distance: Distance) -> Double {
        var sum = 0.0
        for (a, b) in zip(left, right) {
            let a = Double(a), b = Double(b)
            switch distance {
            case .cosine, .dot: sum += a * b
            case .euclid: sum -= (a - b) * (a - b)
            case .manhattan: sum -= abs(a - b)
            }
        }
        return sum
    }

    /// What a nearest search shows for a similarity.
    static func shown(_ similarity: Double, _ distance: Distance) -> Double {
        switch distance {
        case .cosine, .dot: similarity
        case .euclid: max(0, -similarity).squareRoot()
        case .manhattan: -similarity
        }
    }

    static func sigmoid(_ x: Double) -> Double { 0.5 * (x / (1 + abs(x)) + 1) }

    static func mean(_ vectors: [[Float]]) -> [Double] {
        (0..<(vectors.first?.count ?? 0)).map { place in
            vectors.reduce(0.0) { $0 + Double($1[place]) } / Double(vectors.count)
        }
    }
}
