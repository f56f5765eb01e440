/// Every bound of the engine, in one place, each with the error it raises.
///
/// Bounds that come from Qdrant's interface carry its values.
public enum Limits {
    /// UTF-8 bytes of the name of a collection or alias; 422 beyond.
    public static let collectionNameBytes = 255
    /// Bytes; 422 beyond.
    public static let vectorNameBytes = 200
    /// Components of a dense vector; 422 beyond.
    public static let vectorSize = 65_536
    /// Components of all vectors of a multivector together; 422 from there on.
    public static let multivectorComponents = 1 << 20
    /// `m` and `payload_m` of a graph; 422 beyond. Not bounded by Qdrant.
    public static let hnswLinks = 128
    /// `ef_construct` of a graph; 422 beyond.
    public static let hnswCandidates = 4_096
    /// Levels of prefetches below a query; 400 beyond.
    public static let prefetchDepth = 64
    /// Candidates that answers are picked from so that they differ; 422 beyond.
    public static let mmrCandidates = 16_384
    /// Nesting of a JSON body or payload; 400 beyond, as serde_json's recursion limit.
    public static let jsonDepth = 127
    /// Bytes of a request body unless configured; 400 beyond.
    public static let requestBytes = 32 << 20
    /// Bytes of requests that may wait for one collection's writer; 429 beyond.
    public static let writeQueueBytes = 256 << 20
    /// Bytes that one group commit takes together.
    public static let writeBatchBytes = 16 << 20
    /// Queries waiting for the worker pool; 429 beyond.
    public static let queryQueueLength = 4096
    /// Bytes of vectors that the growing segments of a collection hold before they are sealed.
    public static let growingBytes = 32 << 20
    /// Records of the log, in multiples of `growingBytes`, after which growing segments are sealed although they are small.
    public static let logToGrowing = 4
    /// Bytes of one record of the log, which names every point that an update changed; 400 beyond.
    public static let logRecordBytes = 1 << 30
    /// Records of the log that are kept for backups although everything in them is sealed; with more of them the log mark
    /// goes, and the next backup copies the collection anew.
    public static let keptLogBytes = 1 << 30
    /// Entries of the catalogue's journal; older ones go.
    public static let journalEntries: UInt64 = 65_536
    /// Sealing may fall behind by this many frozen growing segments before the writer waits.
    public static let frozenSegments = 2
    /// Bytes of address space that a collection's environment maps at first.
    public static let collectionMapBytes = 8 << 30
    /// Bytes of address space of the catalogue.
    public static let catalogMapBytes = 1 << 30
    /// Read transactions open at once on one environment; 429 beyond.
    public static let readers = 512
    /// Bytes of `index/` and the path of an indexed field, which LMDB keeps as a key; 400 beyond.
    public static let databaseNameBytes = 511
    /// Keys of one operation that deletes parts of payloads, or names of one that deletes vectors; 400 beyond.
    public static let namesOfOperation = 65_535
    /// Field indexes of a collection; 400 beyond.
    public static let payloadIndexes = 256
    /// Examples of one query: vectors and ids that points are compared with; 400 beyond.
    public static let queryExamples = 4_096
    /// Prefetches of one query, at all levels together; 400 beyond.
    public static let prefetches = 1_024
    /// Points that the prefetches of one query, or the queries of one batch, may answer together; 400 beyond.
    public static let heldPoints = 10_000_000
    /// `limit` of a query or scroll, plus its offset; 422 beyond.
    public static let resultWindow = 10_000_000
}
