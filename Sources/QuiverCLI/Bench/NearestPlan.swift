import QuiverModel

/// What `quiver bench ann` is to do, read and checked.
struct NearestPlan: Sendable {
    struct NamedFilter: Sendable {
        /// `none` without a filter.
        var name: String
        var filter: Filter?
    }

    var vectors: NumPyFile
    /// Row after row.
    var queries: [Float]
    var queryCount: Int
    var config: CollectionConfig
    var distance: Distance
    var payloads: String?
    var indexes: [(field: PayloadPath, type: PayloadIndexType)]
    var filters: [NamedFilter]
    var params: SearchParams
    var k = 10
    var efs: [Int] = [64]
    var rounds = 3
    var warmUpRounds = 1
    var threads = 1
    var buildThreads = 1
    var batchRows = 1024

    var dimension: Int { vectors.header.columns }
    var rows: Int { vectors.header.rows }
}
