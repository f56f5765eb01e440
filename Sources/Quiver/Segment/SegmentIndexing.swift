import Foundation

import QuiverIndex
import QuiverModel

/// What a segment's index is made of. Written into the segment: one that says otherwise than the collection's
/// configuration is indexed again.
struct SegmentIndexing: Codable, Equatable {
    /// 0: no graph.
    var m: Int
    var efConstruct: Int
    var payloadM: Int?
    /// Without where its codes are held, which changes no byte of them.
    var quantization: QuantizationConfig?

    /// MaxSim is no metric: the neighbours of a point's neighbours need not be near to it, and graphs of fewer links
    /// lose what they lead to.
    private static let leastMultivectorLinks = 16

    init(_ field: VectorField, _ config: CollectionConfig) {
        let params = config.vectors?.byName[field.name]
        let hnsw = config.hnsw.applying(params?.hnswConfig)
        m = hnsw.m == 0 || !field.canHaveGraph ? 0 : hnsw.m.clamped(to: HNSWParameters.mRange)
        efConstruct = hnsw.efConstruct.clamped(to: HNSWParameters.efConstructRange)
        if field.kind == .multi, m > 0 {
            m = max(m, SegmentIndexing.leastMultivectorLinks)
            efConstruct = max(efConstruct, 4 * m)
        }
        payloadM = field.kind == .sparse ? nil : hnsw.payloadM
        quantization = field.kind == .sparse ? nil : (params?.quantization ?? config.quantization)?.withoutPlacement
    }

    /// Nil for a segment that was not indexed.
    init?(text: String) {
        guard let value = try? JSONDecoder().decode(SegmentIndexing.self, from: Data(text.utf8)) else { return nil }
        self = value
    }

    func hasSameGraph(as other: SegmentIndexing) -> Bool {
        m == other.m && efConstruct == other.efConstruct
    }

    /// Whether there is anything to make of a flat segment.
    var isWanted: Bool { m > 0 || quantization != nil || (payloadM ?? 0) > 0 }

    /// Of each point with those that share a payload value; nil where none are to be made.
    var linksPerValue: Int? {
        guard m > 0, let payloadM, payloadM > 0 else { return nil }
        return payloadM.clamped(to: HNSWParameters.mRange)
    }

    /// Nil when there is no graph to build.
    var graph: HNSWParameters? {
        m == 0 ? nil : HNSWParameters(m: m, efConstruct: efConstruct)
    }

    var text: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        // Plain values: what cannot be encoded would not be equal to anything, and only be indexed again.
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}

extension QuantizationConfig {
    fileprivate var withoutPlacement: QuantizationConfig {
        switch self {
        case .scalar(var value):
            value.alwaysRAM = nil
            value.memory = nil
            return .scalar(value)
        case .product(var value):
            value.alwaysRAM = nil
            value.memory = nil
            return .product(value)
        case .binary(var value):
            value.alwaysRAM = nil
            value.memory = nil
            // The query's encoding is a matter of the search.
            value.queryEncoding = nil
            return .binary(value)
        case .turbo(var value):
            value.alwaysRAM = nil
            value.memory = nil
            return .turbo(value)
        }
    }
}

extension Int {
    /// Configurations are checked at the door; what an older one holds beyond the range is built with its end.
    func clamped(to range: ClosedRange<Int>) -> Int {
        Swift.min(Swift.max(self, range.lowerBound), range.upperBound)
    }
}
