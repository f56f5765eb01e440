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
