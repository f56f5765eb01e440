/// How near two vectors are. Names as on the wire.
public enum Distance: String, Codable, Sendable, CaseIterable {
    /// Vectors are L2-normalised at insert; the score is their dot product.
    case cosine = "Cosine"
    case dot = "Dot"
    case euclid = "Euclid"
    case manhattan = "Manhattan"

    /// Whether larger shown scores are better.
    public var largerIsBetter: Bool {
        switch self {
        case .cosine, .dot: true
        case .euclid, .manhattan: false
        }
    }
}

/// How the components of stored vectors are kept.
public enum VectorDatatype: String, Codable, Sendable, CaseIterable {
    case float32
    /// Rounded to half precision.
    case float16
    /// Truncated to 0...255.
    case uint8
    /// Four bits a component of the rotated vector (TurboQuant): lossy, dense vectors only.
    case turbo4
}

/// Where the data of a component is held; it is on disk in any case.
public enum MemoryPlacement: String, Codable, Sendable, CaseIterable {
    /// Read when it is needed.
    case cold
    /// Read ahead; may be evicted.
    case cached
    /// Locked in memory.
    case pinned
}

/// How two multivectors are compared.
public enum MultivectorComparator: String, Codable, Sendable {
    /// Σ over the query's vectors of the best similarity to a stored one.
    case maxSim = "max_sim"
}

public struct MultivectorConfig: Codable, Hashable, Sendable {
    public var comparator: MultivectorComparator

    public init(comparator: MultivectorComparator = .maxSim) {
        self.comparator = comparator
    }
}

/// Parameters of a dense vector or multivector. Options that were not given stay nil, so that they are not echoed.
public struct VectorParams: Codable, Hashable, Sendable {
    public var size: Int
    public var distance: Distance
    public var hnswConfig: HNSWConfigPatch?
    public var quantization: QuantizationConfig?
    /// The stored vectors are read from disk on demand (`true`), or read ahead into memory.
    public var onDisk: Bool?
    /// Placement of the stored vectors; overrides `onDisk`.
    public var memory: MemoryPlacement?
    public var datatype: VectorDatatype?
    /// Given: a point has any number of vectors of this size under the name.
    public var multivector: MultivectorConfig?

    public init(
        size: Int, distance: Distance, hnswConfig: HNSWConfigPatch? = nil, quantization: QuantizationConfig? = nil,
        onDisk: Bool? = nil, memory: MemoryPlacement? = nil, datatype: VectorDatatype? = nil,
        multivector: MultivectorConfig? = nil
    ) {
        self.size = size
        self.distance = distance
        self.hnswConfig = hnswConfig
        self.quantization = quantization
        self.onDisk = onDisk
        self.memory = memory
        self.datatype = datatype
        self.multivector = multivector
    }

    enum CodingKeys: String, CodingKey {
        case size, distance, datatype, memory
        case hnswConfig = "hnsw_config"
        case quantization = "quantization_config"
        case onDisk = "on_disk"
        case multivector = "multivector_config"
    }
}

/// The vectors of a collection: one without a name, or several by name, or none at all.
public enum VectorsConfig: Codable, Hashable, Sendable {
    case unnamed(VectorParams)
    case named([String: VectorParams])

    /// Every vector by name; the unnamed one is `""`.
    public var byName: [String: VectorParams] {
        switch self {
        case .unnamed(let params): ["": params]
        case .named(let named): named
        }
    }
}

/// A change of the weights of a query on a sparse vector.
public enum SparseModifier: String, Codable, Sendable, CaseIterable {
    case none
    /// Each weight is multiplied by ln((N − df + 0.5) / (df + 0.5) + 1).
    case idf
}

public struct SparseIndexParams: Codable, Hashable, Sendable {
    /// Below so many matching points they are scanned. In points.
    public var fullScanThreshold: Int?
    public var onDisk: Bool?
    /// Placement of the index; overrides `onDisk`.
    public var memory: MemoryPlacement?
    public var datatype: VectorDatatype?

    public init(
        fullScanThreshold: Int? = nil, onDisk: Bool? = nil, memory: MemoryPlacement? = nil,
        datatype: VectorDatatype? = nil
    ) {
        self.fullScanThreshold = fullScanThreshold
        self.onDisk = onDisk
        self.memory = memory
        self.datatype = datatype
    }

    public static let defaultFullScanThreshold = 5000

    enum CodingKeys: String, CodingKey {
        case memory, datatype
        case fullScanThreshold = "full_scan_threshold"
        case onDisk = "on_disk"
    }
}

/// Parameters of a sparse vector. Options that were not given stay nil, so that they are not echoed.
public struct SparseVectorParams: Codable, Hashable, Sendable {
    public var index: SparseIndexParams?
    public var modifier: SparseModifier?

    public init(index: SparseIndexParams? = nil, modifier: SparseModifier? = nil) {
        self.index = index
        self.modifier = modifier
    }
}
