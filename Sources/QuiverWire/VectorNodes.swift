import QuiverJSON
import QuiverModel

// The rules of a vector that are seen before its numbers are converted, the same in points and queries. Places and
// last components of the paths are Qdrant's.

/// The rows of a multivector.
struct MultivectorShape {
    var rowCount: Int
    var rowSize: Int
    /// False once a fault has been noted: the rows do not fit a slab.
    var isEven: Bool

    /// For an array of arrays, see `JSONNode.holdsRows`.
    init(_ node: JSONNode) throws(WireFault) {
        let rowSize = node.element(at: 0)?.count ?? 0
        var total = 0
        var hasEmptyRow = false
        var otherSize: Int?
        for row in node.elements {
            guard row.isArray else { throw row.invalidType("a sequence of numbers") }
            total += row.count
            if row.count == 0 { hasEmptyRow = true }
            if row.count != rowSize && otherSize == nil { otherSize = row.count }
        }
        if hasEmptyRow {
            try node.breaks("all vectors must be non-empty", suffix: "data")
        } else if total >= Limits.multivectorComponents {
            try node.breaks(
                "Total size of all vectors (\(total)) must be less than \(Limits.multivectorComponents)", suffix: "data")
        } else if let otherSize {
            try node.breaks(
                "all vectors must have the same dimension, found vector with dimension \(otherSize)", suffix: "data")
        }
        isEven = otherSize == nil
        rowCount = node.count
        self.rowSize = rowSize
    }
}

extension JSONNode {
    /// Is it an array that begins with an array? Asked of every vector.
    @inline(__always)
    var holdsRows: Bool {
        var iterator = elements.makeIterator()
        return iterator.next()?.isArray ?? false
    }
}

extension JSONNode {
    /// Is it an object with the members of a sparse vector?
    var holdsSparse: Bool { member("indices") != nil && member("values") != nil }
}

/// The two lists of a sparse vector, equally long unless that was noted.
struct SparseLists {
    var indices: JSONNode
    var values: JSONNode

    /// Nil when the node is no object with both.
    init?(_ node: JSONNode) throws(WireFault) {
        guard let indices = try node.field("indices"), let values = try node.field("values") else { return nil }
        guard indices.isArray else { throw indices.invalidType("a sequence") }
        guard values.isArray else { throw values.invalidType("a sequence") }
        if indices.count != values.count {
            try node.breaks("Validation error: must be the same length as indices [{}]", suffix: "values")
        }
        self.indices = indices
        self.values = values
    }

    /// Writes the indices to `destination`, which has room for them; the first that is none, where there is one.
    func copyIndices(to destination: UnsafeMutablePointer<UInt32>) -> JSONNode? {
        var out = unsafe destination
        for element in indices.elements {
            guard let number = element.int64, let index = UInt32(exactly: number) else { return element }
            unsafe out.pointee = index
            unsafe out += 1
        }
        return nil
    }

    static func fault(ofIndex node: JSONNode) -> WireFault {
        node.int64 != nil || node.uint64 != nil ? node.invalidValue("u32") : node.invalidType("u32")
    }

    static func repeated(in node: JSONNode) -> WireFault {
        node.broken("Validation error: must be unique [{}]", suffix: "indices")
    }

    /// Clients mostly send them in order, and then a glance is enough.
    static func areUnique(_ indices: UnsafeBufferPointer<UInt32>) -> Bool {
        guard indices.count > 1 else { return true }
        var isAscending = true
        for place in 1..<indices.count where unsafe indices[place - 1] >= indices[place] {
            isAscending = false
            break
        }
        if isAscending { return true }
        let sorted = unsafe indices.sorted()
        for place in 1..<sorted.count where sorted[place - 1] == sorted[place] { return false }
        return true
    }
}

/// Where the numbers of a sparse vector come from.
enum SparseSource {
    case lists(SparseLists)
    /// Made by a model.
    case made(SparseVector)

    var count: Int {
        switch self {
        case .lists(let lists): lists.values.count
        case .made(let vector): vector.values.count
        }
    }

    /// Equally many indices and values.
    var isEven: Bool {
        switch self {
        case .lists(let lists): lists.indices.count == lists.values.count
        case .made: true
        }
    }

    /// Like `SparseLists.copyIndices`.
    func copyIndices(to destination: UnsafeMutablePointer<UInt32>) -> JSONNode? {
        switch self {
        case .lists(let lists): return unsafe lists.copyIndices(to: destination)
        case .made(let vector):
            unsafe destination.update(from: vector.indices, count: vector.indices.count)
            return nil
        }
    }

    /// Like `JSONNode.copyFloats`.
    func copyValues(to destination: UnsafeMutablePointer<Float>) -> Bool {
        switch self {
        case .lists(let lists): return unsafe lists.values.copyFloats(to: destination)
        case .made(let vector):
            unsafe destination.update(from: vector.values, count: vector.values.count)
            return true
        }
    }

    /// What stands where the values should, for messages.
    var values: [JSONNode] {
        switch self {
        case .lists(let lists): Array(lists.values.elements)
        case .made: []
        }
    }
}
