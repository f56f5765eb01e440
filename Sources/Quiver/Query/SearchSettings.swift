import QuiverModel

/// What the configuration says about searching one vector, worked out once for each configuration and not for each
/// query.
struct SearchSettings: Sendable {
    /// Of a query that names none.
    var ef: Int
    /// False: every search is exact.
    var hasGraphs: Bool
    /// Filters that leave at most so many points are answered by a scan of them.
    var fullScanRows: Int
    /// Rows without a graph that a search of indexed points only still looks at; nil: any number.
    var mostUnindexedRows: Int?

    init(_ config: CollectionConfig, _ field: VectorField) {
        let hnsw = config.hnsw.applying(config.vectors?.byName[field.name]?.hnswConfig)
        let bytesPerVector = field.dimension * MemoryLayout<Float>.size
        let indexingKilobytes = config.optimizers.indexingThreshold ?? 0
        ef = hnsw.efConstruct
        hasGraphs = hnsw.m > 0
        fullScanRows = hnsw.fullScanThreshold * 1024 / bytesPerVector
        mostUnindexedRows = indexingKilobytes > 0 ? indexingKilobytes * 1024 / bytesPerVector : nil
    }
}
