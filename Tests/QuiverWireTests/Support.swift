import QuiverModel
import QuiverWire
import Testing

/// Hands a text to a decoder as the server does.
func decode<Value>(
    _ text: String, _ decoder: (UnsafeRawBufferPointer) throws(WireError) -> Value
) throws(WireError) -> Value {
    try decode(Array(text.utf8), decoder)
}

func decode<Value>(
    _ bytes: [UInt8], _ decoder: (UnsafeRawBufferPointer) throws(WireError) -> Value
) throws(WireError) -> Value {
    // The closure of an array throws untyped; a result carries the type through.
    let result: Result<Value, WireError> = bytes.withUnsafeBytes { raw in
        Result { () throws(WireError) in try decoder(raw) }
    }
    return try result.get()
}

/// The decoder of new collections on a server whose defaults nobody changed.
@Sendable func createCollection(_ body: UnsafeRawBufferPointer) throws(WireError) -> CollectionConfig {
    try RequestDecoder.createCollection(body)
}

/// The error that a decoder throws; a failure of the test when it throws none.
func fault<Result>(
    _ text: String, _ decoder: (UnsafeRawBufferPointer) throws(WireError) -> Result,
    sourceLocation: SourceLocation = #_sourceLocation
) -> WireError {
    do throws(WireError) {
        _ = try decode(text, decoder)
        Issue.record("accepted: \(text)", sourceLocation: sourceLocation)
        return WireError(status: 200, message: "")
    } catch {
        return error
    }
}

/// Every decoder, by the name of its endpoint.
let decoders: [(name: String, decode: @Sendable (UnsafeRawBufferPointer) throws(WireError) -> Void)] = [
    ("createCollection", { (body) throws(WireError) in _ = try RequestDecoder.createCollection(body) }),
    ("updateCollection", { (body) throws(WireError) in _ = try RequestDecoder.updateCollection(body) }),
    ("aliasActions", { (body) throws(WireError) in _ = try RequestDecoder.aliasActions(body) }),
    ("createIndex", { (body) throws(WireError) in _ = try RequestDecoder.createIndex(body) }),
    ("upsert", { (body) throws(WireError) in _ = try RequestDecoder.upsert(body) }),
    ("updateVectors", { (body) throws(WireError) in _ = try RequestDecoder.updateVectors(body) }),
    ("deleteVectors", { (body) throws(WireError) in _ = try RequestDecoder.deleteVectors(body) }),
    ("deletePoints", { (body) throws(WireError) in _ = try RequestDecoder.deletePoints(body) }),
    ("setPayload", { (body) throws(WireError) in _ = try RequestDecoder.setPayload(body) }),
    ("overwritePayload", { (body) throws(WireError) in _ = try RequestDecoder.overwritePayload(body) }),
    ("deletePayload", { (body) throws(WireError) in _ = try RequestDecoder.deletePayload(body) }),
    ("clearPayload", { (body) throws(WireError) in _ = try RequestDecoder.clearPayload(body) }),
    ("batchUpdate", { (body) throws(WireError) in _ = try RequestDecoder.batchUpdate(body) }),
    ("retrieve", { (body) throws(WireError) in _ = try RequestDecoder.retrieve(body) }),
    ("scroll", { (body) throws(WireError) in _ = try RequestDecoder.scroll(body) }),
    ("count", { (body) throws(WireError) in _ = try RequestDecoder.count(body) }),
    ("query", { (body) throws(WireError) in _ = try RequestDecoder.query(body) }),
    ("queryBatch", { (body) throws(WireError) in _ = try RequestDecoder.queryBatch(body) }),
    ("queryGroups", { (body) throws(WireError) in _ = try RequestDecoder.queryGroups(body) }),
    ("search", { (body) throws(WireError) in _ = try RequestDecoder.search(body) }),
    ("searchBatch", { (body) throws(WireError) in _ = try RequestDecoder.searchBatch(body) }),
    ("searchGroups", { (body) throws(WireError) in _ = try RequestDecoder.searchGroups(body) }),
    ("recommend", { (body) throws(WireError) in _ = try RequestDecoder.recommend(body) }),
    ("recommendBatch", { (body) throws(WireError) in _ = try RequestDecoder.recommendBatch(body) }),
    ("discover", { (body) throws(WireError) in _ = try RequestDecoder.discover(body) }),
    ("discoverBatch", { (body) throws(WireError) in _ = try RequestDecoder.discoverBatch(body) }),
    ("facet", { (body) throws(WireError) in _ = try RequestDecoder.facet(body) }),
    ("matrix", { (body) throws(WireError) in _ = try RequestDecoder.matrix(body) }),
    ("createVectorName", { (body) throws(WireError) in _ = try RequestDecoder.createVectorName(body, name: "v") }),
    ("recommendGroups", { (body) throws(WireError) in _ = try RequestDecoder.recommendGroups(body) }),
]

func decoder(_ name: String) throws -> (@Sendable (UnsafeRawBufferPointer) throws(WireError) -> Void) {
    try #require(decoders.first { $0.name == name }).decode
}

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers from the same seed everywhere.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}

extension PointBatch {
    /// The vectors of the entry by name.
    func vectors(of index: Int) -> [String: [Float]] {
        var result: [String: [Float]] = [:]
        for reference in vectors[entries[index].vectors] {
            result[vectorNames[reference.name]] = Array(
                components[reference.offset..<reference.offset + reference.count])
        }
        return result
    }
}

extension PointBatch {
    /// The vectors of the entry by name, of every kind.
    func values(of index: Int) -> [String: VectorValue] {
        var result: [String: VectorValue] = [:]
        for reference in vectors[entries[index].vectors] {
            let numbers = Array(components[reference.offset..<reference.offset + reference.count])
            let value: VectorValue
            switch reference.shape {
            case .dense: value = .dense(numbers)
            case .multi(let rowCount):
                let size = numbers.count / rowCount
                value = .multi((0..<rowCount).map { Array(numbers[$0 * size..<($0 + 1) * size]) })
            case .sparse(let first):
                value = .sparse(
                    SparseVector(indices: Array(indices[first..<first + reference.count]), values: numbers))
            }
            result[vectorNames[reference.name]] = value
        }
        return result
    }
}

extension SeededGenerator {
    /// Any finite bit pattern, and whole numbers, which JSON writes differently.
    mutating func float() -> Float {
        let value = Float(bitPattern: UInt32(truncatingIfNeeded: next()))
        return value.isFinite && Bool.random(using: &self) ? value : Float(Int.random(in: -1000...1000, using: &self))
    }

    mutating func floats(_ count: Int) -> [Float] {
        (0..<count).map { _ in float() }
    }

    mutating func vector() -> VectorValue {
        switch Int.random(in: 0..<4, using: &self) {
        case 0:
            let size = Int.random(in: 1...9, using: &self)
            return .multi((0..<Int.random(in: 1...5, using: &self)).map { _ in floats(size) })
        case 1: return .sparse(sparseVector())
        default: return .dense(floats(Int.random(in: 1...20, using: &self)))
        }
    }

    /// Its indices are in any order, and now and then there are none.
    mutating func sparseVector() -> SparseVector {
        var indices = Set<UInt32>()
        for _ in 0..<Int.random(in: 0...12, using: &self) {
            indices.insert(UInt32(truncatingIfNeeded: next() >> UInt64.random(in: 32...60, using: &self)))
        }
        return SparseVector(indices: indices.shuffled(using: &self), values: floats(indices.count))
    }
}

extension UpdateOperation {
    var upserted: PointBatch? {
        if case .upsert(let batch) = self { batch } else { nil }
    }
}

extension PointSelector {
    var ids: [PointID]? {
        if case .ids(let ids) = self { ids } else { nil }
    }

    var filter: Filter? {
        if case .filter(let filter) = self { filter } else { nil }
    }
}

extension Query {
    var nearest: VectorInput? {
        if case .nearest(let input) = self { input } else { nil }
    }

    var recommend: RecommendInput? {
        if case .recommend(let input) = self { input } else { nil }
    }

    var orderBy: OrderBy? {
        if case .orderBy(let order) = self { order } else { nil }
    }
}

func path(_ text: String) throws -> PayloadPath {
    try #require(PayloadPath(text))
}
