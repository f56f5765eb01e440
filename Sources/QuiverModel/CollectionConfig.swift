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

/// Parameters of a vector. Options that were not given stay nil, so that they are not echoed.
public struct VectorParams: Codable, Hashable, Sendable {
    public var size: Int
    public var distance: Distance
    public var hnswConfig: HNSWConfigPatch?
    /// The stored vectors are read from disk on demand (`true`), or read ahead into memory.
    public var onDisk: Bool?
    /// Only `"float32"` so far.
    public var datatype: String?

    public init(
        size: Int, distance: Distance, hnswConfig: HNSWConfigPatch? = nil, onDisk: Bool? = nil, datatype: String? = nil
    ) {
        self.size = size
        self.distance = distance
        self.hnswConfig = hnswConfig
        self.onDisk = onDisk
        self.datatype = datatype
    }

    enum CodingKeys: String, CodingKey {
        case size, distance, datatype
        case hnswConfig = "hnsw_config"
        case onDisk = "on_disk"
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

/// HNSW parameters with Qdrant's names and defaults.
public struct HNSWConfig: Codable, Hashable, Sendable {
    /// Links of a node on the upper levels; twice as many on the ground level.
    public var m: Int = 16
    public var efConstruct: Int = 100
    /// In kilobytes of float32 vectors: below it matching points are scanned, not walked.
    public var fullScanThreshold: Int = 10_000
    /// 0: chosen by the number of cores.
    public var maxIndexingThreads: Int = 0
    public var onDisk: Bool? = false
    public var payloadM: Int?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case m
        case efConstruct = "ef_construct"
        case fullScanThreshold = "full_scan_threshold"
        case maxIndexingThreads = "max_indexing_threads"
        case onDisk = "on_disk"
        case payloadM = "payload_m"
    }

    /// This configuration with the given values of `patch`.
    public func applying(_ patch: HNSWConfigPatch?) -> HNSWConfig {
        guard let patch else { return self }
        var result = self
        if let value = patch.m { result.m = value }
        if let value = patch.efConstruct { result.efConstruct = value }
        if let value = patch.fullScanThreshold { result.fullScanThreshold = value }
        if let value = patch.maxIndexingThreads { result.maxIndexingThreads = value }
        if let value = patch.onDisk { result.onDisk = value }
        if let value = patch.payloadM { result.payloadM = value }
        return result
    }
}

/// The HNSW parameters that a request or a vector gives; the rest comes from the collection.
public struct HNSWConfigPatch: Codable, Hashable, Sendable {
    public var m: Int?
    public var efConstruct: Int?
    public var fullScanThreshold: Int?
    public var maxIndexingThreads: Int?
    public var onDisk: Bool?
    public var payloadM: Int?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case m
        case efConstruct = "ef_construct"
        case fullScanThreshold = "full_scan_threshold"
        case maxIndexingThreads = "max_indexing_threads"
        case onDisk = "on_disk"
        case payloadM = "payload_m"
    }

    public mutating func merge(_ other: HNSWConfigPatch) {
        m = other.m ?? m
        efConstruct = other.efConstruct ?? efConstruct
        fullScanThreshold = other.fullScanThreshold ?? fullScanThreshold
        maxIndexingThreads = other.maxIndexingThreads ?? maxIndexingThreads
        onDisk = other.onDisk ?? onDisk
        payloadM = other.payloadM ?? payloadM
    }
}

/// When segments are sealed, indexed, merged and cleaned. Names and defaults as in Qdrant.
public struct OptimizersConfig: Codable, Hashable, Sendable {
    /// A segment with more than this share of dead vectors is rewritten.
    public var deletedThreshold: Double = 0.2
    /// Segments with fewer vectors are not rewritten for their dead ones.
    public var vacuumMinVectorNumber: Int = 1000
    /// The number of segments that merging aims at; 0: chosen by the engine.
    public var defaultSegmentNumber: Int = 0
    /// In kilobytes; segments larger than it are not merged further.
    public var maxSegmentSize: Int?
    /// Echoed; sealed segments are memory-mapped at any size.
    public var memmapThreshold: Int?
    /// In kilobytes of float32 vectors; below it no graph is built. 0: never.
    public var indexingThreshold: Int? = 10_000
    /// Echoed; every acknowledged write is already on disk.
    public var flushIntervalSec: Int = 5
    /// Nil: as many as the thread budget allows; 0: no background work.
    public var maxOptimizationThreads: Int?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case deletedThreshold = "deleted_threshold"
        case vacuumMinVectorNumber = "vacuum_min_vector_number"
        case defaultSegmentNumber = "default_segment_number"
        case maxSegmentSize = "max_segment_size"
        case memmapThreshold = "memmap_threshold"
        case indexingThreshold = "indexing_threshold"
        case flushIntervalSec = "flush_interval_sec"
        case maxOptimizationThreads = "max_optimization_threads"
    }

    public func applying(_ patch: OptimizersConfigPatch?) -> OptimizersConfig {
        guard let patch else { return self }
        var result = self
        if let value = patch.deletedThreshold { result.deletedThreshold = value }
        if let value = patch.vacuumMinVectorNumber { result.vacuumMinVectorNumber = value }
        if let value = patch.defaultSegmentNumber { result.defaultSegmentNumber = value }
        if let value = patch.maxSegmentSize { result.maxSegmentSize = value }
        if let value = patch.memmapThreshold { result.memmapThreshold = value }
        if let value = patch.indexingThreshold { result.indexingThreshold = value }
        if let value = patch.flushIntervalSec { result.flushIntervalSec = value }
        switch patch.maxOptimizationThreads {
        case .automatic?: result.maxOptimizationThreads = nil
        case .count(let count)?: result.maxOptimizationThreads = count
        case nil: break
        }
        return result
    }
}

public struct OptimizersConfigPatch: Hashable, Sendable {
    /// `"auto"`, or a number.
    public enum Threads: Hashable, Sendable {
        case automatic
        case count(Int)
    }

    public var deletedThreshold: Double?
    public var vacuumMinVectorNumber: Int?
    public var defaultSegmentNumber: Int?
    public var maxSegmentSize: Int?
    public var memmapThreshold: Int?
    public var indexingThreshold: Int?
    public var flushIntervalSec: Int?
    public var maxOptimizationThreads: Threads?

    public init() {}
}

/// Echoed for clients; Quiver's log is trimmed by what has been sealed.
public struct WALConfig: Codable, Hashable, Sendable {
    public var walCapacityMb: Int = 32
    public var walSegmentsAhead: Int = 0
    public var walRetainClosed: Int = 1

    public init() {}

    enum CodingKeys: String, CodingKey {
        case walCapacityMb = "wal_capacity_mb"
        case walSegmentsAhead = "wal_segments_ahead"
        case walRetainClosed = "wal_retain_closed"
    }
}

/// Everything a collection was created with.
public struct CollectionConfig: Codable, Hashable, Sendable {
    /// Nil: a collection without vectors.
    public var vectors: VectorsConfig?
    public var hnsw = HNSWConfig()
    public var optimizers = OptimizersConfig()
    public var wal = WALConfig()
    public var shardNumber = 1
    public var replicationFactor = 1
    public var writeConsistencyFactor = 1
    public var onDiskPayload = true
    /// Text of a JSON object of the user's, nil where none was given.
    public var metadata: String?

    public init(vectors: VectorsConfig? = nil) {
        self.vectors = vectors
    }

    /// A collection with one unnamed vector.
    public init(size: Int, distance: Distance) {
        self.init(vectors: .unnamed(VectorParams(size: size, distance: distance)))
    }
}

/// What `PATCH /collections/{name}` may change.
public struct CollectionPatch: Sendable {
    /// By vector name.
    public var vectors: [String: VectorParamsPatch] = [:]
    public var hnsw: HNSWConfigPatch?
    public var optimizers: OptimizersConfigPatch?
    public var replicationFactor: Int?
    public var writeConsistencyFactor: Int?
    public var onDiskPayload: Bool?
    /// Text of a JSON object: its keys are merged, a null removes one.
    public var metadata: String?

    public init() {}
}

public struct VectorParamsPatch: Sendable {
    public var hnswConfig: HNSWConfigPatch?
    public var onDisk: Bool?

    public init() {}
}
