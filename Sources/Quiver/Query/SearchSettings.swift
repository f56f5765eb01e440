import QuiverModel

/// What the configuration says about searching one vector, worked out once for each configuration and not for each
/// query.
struct SearchSettings: Sendable {
    /// Of a query that names none.
    var ef: Int
    /// Nil where nothing is quantized but for the engine's own use.
    var quantization: QuantizationConfig?
    /// False: every search is exact.
    var hasGraphs: Bool
    /// Filters that leave points with at most so many bytes of vectors are answered by a scan of them.
    var fullScanBytes: Int
    /// Vectors without a graph that a search of indexed points only still looks at; nil: any number.
    var mostUnindexedBytes: Int?
    /// Of sparse vectors. A change of the configuration counts at once: what is stored does not depend on it.
    var modifier: SparseModifier

    init(_ config: CollectionConfig, _ field: VectorField) {
        let hnsw = config.hnsw.applying(config.vectors?.byName[field.name]?.hnswConfig)
        let indexingKilobytes = config.optimizers.indexingThreshold ?? 0
        ef = hnsw.efConstruct
        quantization = field.kind == .sparse
            ? nil : config.vectors?.byName[field.name]?.quantization ?? config.quantization
        hasGraphs = hnsw.m > 0
        fullScanBytes = hnsw.fullScanThreshold * 1024
        mostUnindexedBytes = indexingKilobytes > 0 ? indexingKilobytes * 1024 : nil
        modifier = config.sparseVectors?[field.name]?.modifier ?? .none
    }
}
