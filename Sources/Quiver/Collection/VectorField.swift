import QuiverIndex
import QuiverModel

extension Distance {
    var metric: Metric {
        switch self {
        case .cosine: .cosine
        case .dot: .dot
        case .euclid: .euclid
        case .manhattan: .manhattan
        }
    }
}

/// The name and shape of one vector of a collection.
struct VectorField: Sendable {
    enum Kind: Sendable {
        case dense
        /// Any number of vectors of the same size.
        case multi
        case sparse
    }

    let name: String
    let kind: Kind
    /// 0 for sparse vectors.
    let dimension: Int
    /// Of sparse vectors: dot.
    let distance: Distance
    let datatype: VectorDatatype
    let modifier: SparseModifier
    /// Of dense vectors and multivectors.
    let storage: RowStorage?
    /// Of the vector set that the name came in with: one that was dropped and made anew is another field.
    var generation: UInt64 = 0

    var metric: Metric { distance.metric }

    /// Cosine on bytes divides by the norms when it is scored: there is nothing to normalise at insert.
    var isNormalised: Bool { distance == .cosine && datatype != .uint8 }

    /// Whether rows that are not sealed are held as they will be stored, too.
    var keepsStoredRows: Bool { datatype == .uint8 || datatype == .turbo4 }

    /// Whether there is something to build a graph on: sums of absolute differences do not survive the rotation of
    /// stored codes, and the plain codes do not tell them.
    var canHaveGraph: Bool { kind != .sparse && (datatype != .turbo4 || distance != .manhattan) }

    init(name: String, params: VectorParams) {
        self.name = name
        kind = params.multivector == nil ? .dense : .multi
        dimension = params.size
        distance = params.distance
        datatype = params.datatype ?? .float32
        modifier = .none
        storage = RowStorage(VectorField.stored(datatype), dimension: params.size, metric: params.distance.metric)
    }

    init(name: String, params: SparseVectorParams) {
        self.name = name
        kind = .sparse
        dimension = 0
        distance = .dot
        datatype = params.index?.datatype ?? .float32
        modifier = params.modifier ?? .none
        storage = nil
    }

    private static func stored(_ datatype: VectorDatatype) -> SegmentMeta.Datatype {
        switch datatype {
        case .float32: .float32
        case .float16: .float16
        case .uint8: .uint8
        case .turbo4: .turbo4
        }
    }

    var segmentDatatype: SegmentMeta.Datatype { VectorField.stored(datatype) }

    /// Whether numbers have the shape of this field.
    func fits(_ numbers: VectorNumbers) -> Bool {
        switch kind {
        case .dense: unsafe numbers.indices == nil && numbers.rowCount == 1 && numbers.count == dimension
        case .multi:
            unsafe numbers.indices == nil && numbers.rowCount > 0 && numbers.count == numbers.rowCount * dimension
        case .sparse: unsafe numbers.indices != nil
        }
    }

    /// The vectors of a configuration, in the order of their names.
    static func fields(of config: CollectionConfig, generation: UInt64) -> [VectorField] {
        let dense = (config.vectors?.byName ?? [:]).map { VectorField(name: $0.key, params: $0.value) }
        let sparse = (config.sparseVectors ?? [:]).map { VectorField(name: $0.key, params: $0.value) }
        var fields = (dense + sparse).sorted { $0.name < $1.name }
        for index in fields.indices { fields[index].generation = generation }
        return fields
    }

    func isSame(as other: VectorField) -> Bool { name == other.name && generation == other.generation }
}

extension PointBatch {
    /// The numbers of a vector that has been prepared.
    func withNumbers(of vector: VectorRef, _ body: (VectorNumbers) -> Void) {
        unsafe components.withUnsafeBufferPointer { components in
            unsafe indices.withUnsafeBufferPointer { indices in
                // Of an empty slab nothing is read, but there has to be an address.
                let none = unsafe UnsafePointer<Float>(bitPattern: MemoryLayout<Float>.alignment)
                guard let base = unsafe components.baseAddress ?? none else { return }
                let floats = unsafe base + vector.offset
                switch vector.shape {
                case .dense: body(unsafe VectorNumbers(floats: floats, count: vector.count))
                case .multi(let rowCount):
                    body(unsafe VectorNumbers(floats: floats, count: vector.count, rowCount: rowCount))
                case .sparse(let first):
                    let none = unsafe UnsafePointer<UInt32>(bitPattern: MemoryLayout<UInt32>.alignment)
                    guard let base = unsafe indices.baseAddress ?? none else { return }
                    body(unsafe VectorNumbers(floats: floats, count: vector.count, indices: base + first))
                }
            }
        }
    }
}

/// The numbers of one vector in memory of somebody else's: a dense vector, the rows of a multivector one after the
/// other, or the values of a sparse one beside its indices.
@safe struct VectorNumbers {
    let floats: UnsafePointer<Float>
    /// Of all rows together.
    let count: Int
    /// 1 but for multivectors.
    let rowCount: Int
    /// `count` indices, ascending; nil but for sparse vectors.
    let indices: UnsafePointer<UInt32>?

    init(floats: UnsafePointer<Float>, count: Int, rowCount: Int = 1, indices: UnsafePointer<UInt32>? = nil) {
        unsafe self.floats = floats
        self.count = count
        self.rowCount = rowCount
        unsafe self.indices = indices
    }

    /// A copy as users see it.
    func value(of kind: VectorField.Kind) -> VectorValue {
        let values = unsafe Array(UnsafeBufferPointer(start: floats, count: count))
        switch kind {
        case .dense: return .dense(values)
        case .multi:
            let dimension = rowCount == 0 ? 0 : count / rowCount
            return .multi((0..<rowCount).map { Array(values[$0 * dimension..<($0 + 1) * dimension]) })
        case .sparse:
            let indices = unsafe indices.map { unsafe Array(UnsafeBufferPointer(start: $0, count: count)) } ?? []
            return .sparse(SparseVector(indices: indices, values: values))
        }
    }
}
