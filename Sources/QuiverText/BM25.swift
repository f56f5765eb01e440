package import QuiverModel

/// Sparse vectors of texts whose dot product, with weights by how rare a component is (`idf`), is the BM25 score.
///
/// A component is the hash of a token: the absolute value of the MurmurHash3 of its UTF-8, taken as a signed number.
/// Components are sorted. Tokens that share a hash count as the same.
package struct BM25: Sendable {
    private let analyzer: TextAnalyzer
    private let k: Double
    private let b: Double
    private let averageLength: Double

    package init(_ options: BM25Options) throws(BM25Error) {
        k = options.k ?? 1.2
        b = options.b ?? 0.75
        averageLength = options.averageLength ?? 256
        guard k.isFinite, k >= 0 else { throw .k(k) }
        guard b.isFinite, (0...1).contains(b) else { throw .b(b) }
        guard averageLength.isFinite, averageLength > 0 else { throw .averageLength(averageLength) }
        analyzer = TextAnalyzer(options.text.completed(forLanguage: options.language ?? "english"))
    }

    /// A token that occurs f times in a text of n tokens weighs f·(k+1) / (f + k·(1 − b + b·n / averageLength)).
    package func document(_ text: String) -> SparseVector {
        let components = components(of: text, asQuery: false)
        var indices: [UInt32] = [], values: [Float] = []
        let damping = 1 - b + b * Double(components.count) / averageLength
        var start = 0
        while start < components.count {
            var end = start + 1
            while end < components.count, components[end] == components[start] { end += 1 }
            let occurrences = Double(end - start)
            indices.append(components[start])
            values.append(Float(occurrences * (k + 1) / occurrences.addingProduct(k, damping)))
            start = end
        }
        return SparseVector(indices: indices, values: values)
    }

    /// Every token weighs 1, however often it occurs.
    package func query(_ text: String) -> SparseVector {
        var indices: [UInt32] = []
        for component in components(of: text, asQuery: true) where component != indices.last {
            indices.append(component)
        }
        return SparseVector(indices: indices, values: [Float](repeating: 1, count: indices.count))
    }

    /// The component of every token, sorted.
    private func components(of text: String, asQuery: Bool) -> [UInt32] {
        var components: [UInt32] = []
        let append = { (token: UnsafeBufferPointer<UInt8>) in
            let hash = unsafe Int32(bitPattern: Murmur3.hash(token))
            components.append(hash.magnitude)
        }
        if asQuery {
            unsafe analyzer.forEachQueryToken(text, append)
        } else {
            unsafe analyzer.forEachDocumentToken(text, append)
        }
        components.sort()
        return components
    }
}
