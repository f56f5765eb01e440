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
    /// Placement of the graph; overrides `onDisk`.
    public var memory: MemoryPlacement?
    /// Links of a node among the points that share a payload value; nil: as `m`.
    public var payloadM: Int?
    /// Vectors beside the links. Echoed: codes are read by the row whatever it says.
    public var inlineStorage: Bool?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case m, memory
        case efConstruct = "ef_construct"
        case fullScanThreshold = "full_scan_threshold"
        case maxIndexingThreads = "max_indexing_threads"
        case onDisk = "on_disk"
        case payloadM = "payload_m"
        case inlineStorage = "inline_storage"
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
        if let value = patch.memory { result.memory = value }
        if let value = patch.payloadM { result.payloadM = value }
        if let value = patch.inlineStorage { result.inlineStorage = value }
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
    public var memory: MemoryPlacement?
    public var payloadM: Int?
    /// Vectors beside the links. Echoed: codes are read by the row whatever it says.
    public var inlineStorage: Bool?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case m, memory
        case efConstruct = "ef_construct"
        case fullScanThreshold = "full_scan_threshold"
        case maxIndexingThreads = "max_indexing_threads"
        case onDisk = "on_disk"
        case payloadM = "payload_m"
        case inlineStorage = "inline_storage"
    }

    public mutating func merge(_ other: HNSWConfigPatch) {
        m = other.m ?? m
        efConstruct = other.efConstruct ?? efConstruct
        fullScanThreshold = other.fullScanThreshold ?? fullScanThreshold
        maxIndexingThreads = other.maxIndexingThreads ?? maxIndexingThreads
        onDisk = other.onDisk ?? onDisk
        memory = other.memory ?? memory
        payloadM = other.payloadM ?? payloadM
        inlineStorage = other.inlineStorage ?? inlineStorage
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
    /// Echoed; here no point is hidden while it waits for a graph.
    public var preventUnoptimized: Bool?

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
        case preventUnoptimized = "prevent_unoptimized"
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
        if let value = patch.preventUnoptimized { result.preventUnoptimized = value }
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
    public var preventUnoptimized: Bool?

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
    /// Nil: a collection without dense vectors.
    public var vectors: VectorsConfig?
    /// By name; nil where none were given.
    public var sparseVectors: [String: SparseVectorParams]?
    /// For all dense vectors that have none of their own.
    public var quantization: QuantizationConfig?
    public var hnsw = HNSWConfig()
    public var optimizers = OptimizersConfig()
    public var wal = WALConfig()
    public var shardNumber = 1
    public var replicationFactor = 1
    public var writeConsistencyFactor = 1
    public var onDiskPayload = true
    /// Placement of the payloads; overrides `onDiskPayload`.
    public var payloadMemory: MemoryPlacement?
    /// Text of a JSON object of the user's, nil where none was given.
    public var metadata: String?
    public var strictMode: StrictModeConfig?

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
    /// By vector name: what was given replaces what there was.
    public var sparseVectors: [String: SparseVectorParams] = [:]
    public var quantization: QuantizationPatch?
    public var hnsw: HNSWConfigPatch?
    public var optimizers: OptimizersConfigPatch?
    public var replicationFactor: Int?
    public var writeConsistencyFactor: Int?
    public var onDiskPayload: Bool?
    public var payloadMemory: MemoryPlacement?
    /// Text of a JSON object: its keys are merged, a null removes one.
    public var metadata: String?
    /// What was given replaces what there was, key by key.
    public var strictMode: StrictModeConfig?

    public init() {}
}

public struct VectorParamsPatch: Sendable {
    public var hnswConfig: HNSWConfigPatch?
    public var quantization: QuantizationPatch?
    public var onDisk: Bool?
    public var memory: MemoryPlacement?

    public init() {}
}
