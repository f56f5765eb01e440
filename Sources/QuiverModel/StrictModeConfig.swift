/// Limits that an operator sets for the requests to a collection; nil where none was given. Names as on the wire.
public struct StrictModeConfig: Codable, Hashable, Sendable {
    public struct MultivectorLimit: Codable, Hashable, Sendable {
        public var maxVectors: Int?

        public init(maxVectors: Int? = nil) { self.maxVectors = maxVectors }

        enum CodingKeys: String, CodingKey { case maxVectors = "max_vectors" }
    }

    public struct SparseLimit: Codable, Hashable, Sendable {
        public var maxLength: Int?

        public init(maxLength: Int? = nil) { self.maxLength = maxLength }

        enum CodingKeys: String, CodingKey { case maxLength = "max_length" }
    }

    /// Nothing below has an effect unless this is true.
    public var enabled: Bool?
    public var maxQueryLimit: Int?
    /// In seconds.
    public var maxTimeout: Int?
    public var unindexedFilteringRetrieve: Bool?
    public var unindexedFilteringUpdate: Bool?
    public var searchMaxHNSWEf: Int?
    public var searchAllowExact: Bool?
    public var searchMaxOversampling: Double?
    public var upsertMaxBatchSize: Int?
    public var searchMaxBatchSize: Int?
    public var maxCollectionVectorSizeBytes: Int?
    public var maxCollectionPayloadSizeBytes: Int?
    public var maxPointsCount: Int?
    /// Requests a minute.
    public var readRateLimit: Int?
    /// Requests a minute.
    public var writeRateLimit: Int?
    public var filterMaxConditions: Int?
    public var conditionMaxSize: Int?
    /// By vector name.
    public var multivector: [String: MultivectorLimit]?
    /// By vector name.
    public var sparse: [String: SparseLimit]?
    public var maxPayloadIndexCount: Int?
    /// 1...100.
    public var maxResidentMemoryPercent: Int?

    public init() {}

    public var isEnabled: Bool { enabled ?? false }

    enum CodingKeys: String, CodingKey {
        case enabled
        case maxQueryLimit = "max_query_limit"
        case maxTimeout = "max_timeout"
        case unindexedFilteringRetrieve = "unindexed_filtering_retrieve"
        case unindexedFilteringUpdate = "unindexed_filtering_update"
        case searchMaxHNSWEf = "search_max_hnsw_ef"
        case searchAllowExact = "search_allow_exact"
        case searchMaxOversampling = "search_max_oversampling"
        case upsertMaxBatchSize = "upsert_max_batchsize"
        case searchMaxBatchSize = "search_max_batchsize"
        case maxCollectionVectorSizeBytes = "max_collection_vector_size_bytes"
        case maxCollectionPayloadSizeBytes = "max_collection_payload_size_bytes"
        case maxPointsCount = "max_points_count"
        case readRateLimit = "read_rate_limit"
        case writeRateLimit = "write_rate_limit"
        case filterMaxConditions = "filter_max_conditions"
        case conditionMaxSize = "condition_max_size"
        case multivector = "multivector_config"
        case sparse = "sparse_config"
        case maxPayloadIndexCount = "max_payload_index_count"
        case maxResidentMemoryPercent = "max_resident_memory_percent"
    }
}
