/// Points with their vectors, as one float slab and a list of entries.
///
/// A request of a thousand points is two large arrays and not ten thousand small ones; decoding
/// writes components straight into `components`.
public struct PointBatch: Sendable {
    /// One named vector of one point: `count` components from `offset` in the slab.
    public struct VectorRef: Sendable {
        /// Index into `vectorNames`.
        public var name: Int
        public var offset: Int
        public var count: Int

        public init(name: Int, offset: Int, count: Int) {
            self.name = name
            self.offset = offset
            self.count = count
        }
    }

    public struct Entry: Sendable {
        public var id: PointID
        /// Range in `vectors`.
        public var vectors: Range<Int>
        /// Nil where none was sent.
        public var payload: Payload?

        public init(id: PointID, vectors: Range<Int>, payload: Payload?) {
            self.id = id
            self.vectors = vectors
            self.payload = payload
        }
    }

    /// The components of all vectors, one after the other.
    public var components: [Float] = []
    /// The distinct vector names of the batch; the unnamed vector is `""`.
    public var vectorNames: [String] = []
    public var vectors: [VectorRef] = []
    public var entries: [Entry] = []

    public init() {}

    public init(_ points: [Point]) {
        for point in points { append(point) }
    }

    public mutating func append(_ point: Point) {
        let first = vectors.count
        switch point.vectors {
        case .none: break
        case .unnamed(let vector): appendVector(vector, name: "")
        case .named(let named): for (name, vector) in named { appendVector(vector, name: name) }
        }
        entries.append(Entry(id: point.id, vectors: first..<vectors.count, payload: point.payload))
    }

    public mutating func appendVector(_ vector: [Float], name: String) {
        vectors.append(VectorRef(name: index(ofName: name), offset: components.count, count: vector.count))
        components.append(contentsOf: vector)
    }

    /// The index of `name` in `vectorNames`, added when new.
    public mutating func index(ofName name: String) -> Int {
        if let index = vectorNames.firstIndex(of: name) { return index }
        vectorNames.append(name)
        return vectorNames.count - 1
    }
}

/// The vectors of one point.
public enum PointVectors: Hashable, Sendable {
    case none
    /// The only vector of a collection with an unnamed one.
    case unnamed([Float])
    case named([String: [Float]])
}

/// One point as the library's users write and read it.
public struct Point: Hashable, Sendable {
    public var id: PointID
    public var vectors: PointVectors
    public var payload: Payload?

    public init(id: PointID, vectors: PointVectors, payload: Payload? = nil) {
        self.id = id
        self.vectors = vectors
        self.payload = payload
    }

    public init(id: PointID, vector: [Float], payload: Payload? = nil) {
        self.init(id: id, vectors: .unnamed(vector), payload: payload)
    }
}
