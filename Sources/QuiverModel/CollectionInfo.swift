public enum CollectionStatus: String, Sendable {
    /// Nothing to do.
    case green
    /// Segments are being sealed, indexed or merged.
    case yellow
    /// Work waits that nothing has started yet since the collection was opened.
    case grey
    /// The collection refuses writes after a failure of its storage; `optimizerError` tells why.
    case red
}

public struct CollectionInfo: Sendable {
    public var status: CollectionStatus
    /// Nil: ok.
    public var optimizerError: String?
    public var pointsCount: Int
    /// Vectors that a graph finds.
    public var indexedVectorsCount: Int
    public var segmentsCount: Int
    public var config: CollectionConfig
    /// By field.
    public var payloadSchema: [String: PayloadIndexInfo]
    /// Updates waiting to be applied.
    public var updateQueueLength: Int
    public init(
        status: CollectionStatus, optimizerError: String?, pointsCount: Int, indexedVectorsCount: Int,
        segmentsCount: Int, config: CollectionConfig, payloadSchema: [String: PayloadIndexInfo], updateQueueLength: Int
    ) {
        self.status = status
        self.optimizerError = optimizerError
        self.pointsCount = pointsCount
        self.indexedVectorsCount = indexedVectorsCount
        self.segmentsCount = segmentsCount
        self.config = config
        self.payloadSchema = payloadSchema
        self.updateQueueLength = updateQueueLength
    }

    public var warnings: [String] { config.warnings }
}

public enum AliasAction: Sendable {
    /// An existing alias is pointed anew.
    case create(alias: String, collection: String)
    case delete(alias: String)
    case rename(old: String, new: String)
}
