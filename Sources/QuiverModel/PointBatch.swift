/// Points with their vectors, as slabs of numbers and a list of entries.
///
/// A request of a thousand points is two large arrays and not ten thousand small ones; decoding
/// writes components straight into `components`.
public struct PointBatch: Sendable {
    public enum Shape: Hashable, Sendable {
        case dense
        /// So many vectors of one size, one after the other.
        case multi(rowCount: Int)
        /// As many as there are components, from this place in `indices` on; ascending and distinct once prepared.
        case sparse(firstIndex: Int)
    }

    /// One named vector of one point: `count` components from `offset` in the slab.
    public struct VectorRef: Sendable {
        /// Index into `vectorNames`.
        public var name: Int
        public var offset: Int
        /// Of all vectors of a multivector together.
        public var count: Int
        public var shape: Shape

        public init(name: Int, offset: Int, count: Int, shape: Shape = .dense) {
            self.name = name
            self.offset = offset
            self.count = count
            self.shape = shape
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
    /// The indices of all sparse vectors, one after the other.
    public var indices: [UInt32] = []
    /// The distinct vector names of the batch; the unnamed vector is `""`.
    public var vectorNames: [String] = []
    public var vectors: [VectorRef] = []
    public var entries: [Entry] = []
    /// Which of the points are written, by whether there is one of their id.
    public var mode = UpdateMode.upsert
    /// Given: points that are there are changed only where they match now.
    public var updateFilter: Filter?

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

    public mutating func appendVector(_ vector: VectorValue, name: String) {
        let name = index(ofName: name)
        let offset = components.count
        switch vector {
        case .dense(let floats):
            vectors.append(VectorRef(name: name, offset: offset, count: floats.count))
            components.append(contentsOf: floats)
        case .multi(let rows):
            for row in rows { components.append(contentsOf: row) }
            // Rows of different sizes fit no vector, and no number of them says so better than none.
            let isEven = rows.allSatisfy { $0.count == rows[0].count }
            vectors.append(
                VectorRef(
                    name: name, offset: offset, count: components.count - offset,
                    shape: .multi(rowCount: isEven ? rows.count : 0)))
        case .sparse(let sparse):
            vectors.append(
                VectorRef(
                    name: name, offset: offset, count: sparse.values.count, shape: .sparse(firstIndex: indices.count)))
            components.append(contentsOf: sparse.values)
            indices.append(contentsOf: sparse.indices)
        }
    }

    /// The index of `name` in `vectorNames`, added when new.
    public mutating func index(ofName name: String) -> Int {
        if let index = vectorNames.firstIndex(of: name) { return index }
        vectorNames.append(name)
        return vectorNames.count - 1
    }
}

/// A vector with few components that are not zero.
public struct SparseVector: Hashable, Sendable {
    /// Which components; as many as `values`, each once, in any order.
    public var indices: [UInt32]
    public var values: [Float]

    public init(indices: [UInt32], values: [Float]) {
        self.indices = indices
        self.values = values
    }
}

/// What a point has under one vector name.
public enum VectorValue: Hashable, Sendable, ExpressibleByArrayLiteral {
    case dense([Float])
    /// Vectors of one size, at least one.
    case multi([[Float]])
    case sparse(SparseVector)

    public init(arrayLiteral elements: Float...) {
        self = .dense(elements)
    }

    /// The components of a dense vector, nil for the other kinds.
    public var dense: [Float]? {
        if case .dense(let floats) = self { floats } else { nil }
    }
}

/// The vectors of one point.
public enum PointVectors: Hashable, Sendable {
    case none
    /// The only vector of a collection with an unnamed one.
    case unnamed(VectorValue)
    case named([String: VectorValue])
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
        self.init(id: id, vectors: .unnamed(.dense(vector)), payload: payload)
    }
}
