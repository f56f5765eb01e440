import QuiverJSON
import QuiverModel

extension RequestDecoder {
    /// A vector of any kind, or an id.
    static func vectorInput(_ node: JSONNode, _ variant: String = "VectorInput") throws(WireFault) -> VectorInput {
        if node.isArray {
            return node.holdsRows ? .multi(try rows(node)) : .dense(try denseVector(node))
        }
        if node.isObject { return .sparse(try sparseVector(node, variant)) }
        guard node.isString || node.uint64 != nil || node.int64 != nil else { throw node.noVariant(variant) }
        return .id(try node.pointID())
    }

    static func denseVector(_ node: JSONNode) throws(WireFault) -> [Float] {
        guard node.count > 0 else { throw node.broken("dense vector must not be empty", suffix: "vector") }
        return try node.floats()
    }

    private static func rows(_ node: JSONNode) throws(WireFault) -> [[Float]] {
        let shape = try MultivectorShape(node)
        var rows: [[Float]] = []
        rows.reserveCapacity(shape.rowCount)
        for row in node.elements { rows.append(try row.floats()) }
        return rows
    }

    static func sparseVector(_ node: JSONNode, _ variant: String) throws(WireFault) -> SparseVector {
        guard let lists = try SparseLists(node) else {
            try refuseInference(node)
            throw node.noVariant(variant)
        }
        let count = lists.indices.count
        var wrong: JSONNode?
        let indices = unsafe [UInt32](unsafeUninitializedCapacity: count) { (buffer, initialized) in
            guard let base = buffer.baseAddress else { return }
            wrong = unsafe lists.copyIndices(to: base)
            initialized = wrong == nil ? count : 0
        }
        if let wrong { throw SparseLists.fault(ofIndex: wrong) }
        let values = try lists.values.floats()
        guard unsafe indices.withUnsafeBufferPointer({ unsafe SparseLists.areUnique($0) }) else {
            throw SparseLists.repeated(in: node)
        }
        return SparseVector(indices: indices, values: values)
    }

    /// Objects that a model would turn into vectors.
    static func refuseInference(_ node: JSONNode) throws(WireFault) {
        guard try node.field("model") != nil else { return }
        if try node.field("text") != nil { throw node.unsupported("inference of a text") }
        if try node.field("image") != nil { throw node.unsupported("inference of an image") }
        if try node.field("object") != nil { throw node.unsupported("inference of an object") }
    }
}
