public import QuiverModel

/// How the server listens and what it accepts.
public struct ServerOptions: Sendable {
    public var host = "0.0.0.0"
    /// 0: any free port.
    public var port = 6333
    /// Bytes of a request body; 400 beyond.
    public var maximumRequestBytes = Limits.requestBytes
    /// Threads that read and write sockets; 0: one per core.
    public var eventLoopThreads = 0
    /// Whether pages of any origin may call the interface from a browser.
    public var enableCORS = true
    /// How long requests in flight may take to finish once the server was told to stop.
    public var drainTimeout: Duration = .seconds(25)
    /// A connection with nothing going on is closed after this time; nil: never.
    public var idleTimeout: Duration? = .seconds(3600)
    /// From its first byte to its end, the head of a request may take so long; 408 beyond.
    public var headTimeout: Duration = .seconds(30)
    /// A request whose body does not go on for this time gets 408; a client that does not take its answer is closed.
    public var stallTimeout: Duration = .seconds(60)
    /// What a new collection has where its request says nothing.
    public var collectionDefaults = CollectionConfig()
    public var security = Security()
    /// Long answers are compressed for clients that accept it.
    public var enableCompression = true
    /// Stands before the name of every family of `/metrics`.
    public var metricsPrefix = ""
    /// A port that answers `/metrics` and the health checks alone, to anybody; 0: none.
    public var metricsPort = 0
    /// What holds until quotas are set by `PUT /quotas`, which is kept in the storage directory.
    public var quotas = Quotas()
    /// Whether collections may be recovered from `http://` and `https://`, which makes this server ask others.
    public var allowsSnapshotURLs = true
    /// What the allocator tells about the memory of the process; nil: nothing is told of it.
    public var allocatorUse: (@Sendable () -> AllocatorUse)?
    /// Reads the level from which the log is written, and changes it where it is given one (false: there is no such).
    public var logLevel: (@Sendable (_ new: String?) -> (level: String, isKnown: Bool))?

    /// Who may call. With no key at all everybody may do everything.
    public struct Security: Sendable {
        /// May do everything.
        public var apiKey: String?
        /// The same, so that keys can be changed one after the other.
        public var alternativeAPIKey: String?
        /// May only read.
        public var readOnlyAPIKey: String?
        /// Tokens (JSON Web Tokens, HS256) that were signed with `apiKey` or `alternativeAPIKey` are keys, too.
        public var acceptsTokens = false

        public init() {}
    }

    public struct Quotas: Sendable {
        public var isEnabled = false
        public var maximumResidentMemoryPercent: Int?
        public var maximumDiskUsagePercent: Int?
        public var releaseMarginPercent: Int?

        public init() {}
    }

    public struct AllocatorUse: Sendable {
        /// Given to the program and not given back.
        public var allocatedBytes: Int
        /// Got from the system for it.
        public var activeBytes: Int
        /// Kept for the next who asks.
        public var retainedBytes: Int

        public init(allocatedBytes: Int, activeBytes: Int, retainedBytes: Int) {
            self.allocatedBytes = allocatedBytes
            self.activeBytes = activeBytes
            self.retainedBytes = retainedBytes
        }
    }

    public init() {}
}

/// The versions that the server tells.
public enum ServerVersion {
    /// Quiver's own.
    public static let quiver = "0.1.0"
    /// The version of Qdrant's interface that is spoken; clients compare its major and minor number with theirs.
    public static let interface = "1.19.0"
    /// Clients expect forty characters.
    static let commit = String(repeating: "0", count: 40)
}
