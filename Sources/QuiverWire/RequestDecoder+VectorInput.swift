import QuiverJSON
import QuiverModel

extension RequestDecoder {
    /// A vector of any kind, an id, or a text for a model.
    static func vectorInput(_ node: JSONNode, _ variant: String = "VectorInput") throws(WireFault) -> VectorInput {
        if node.isArray {
            return node.holdsRows ? .multi(try rows(node)) : .dense(try denseVector(node))
        }
        if node.isObject { return .sparse(try sparseVector(node, variant)) }
        guard node.isString || node.uint64 != nil || node.int64 != nil else { throw node.noVariant(variant) }
        return .id(try node.pointID())
    }

    static func denseVector(_ node: JSONNode) throws(WireFault) -> [Float] {
        if node.count == 0 { try node.breaks("dense vector must not be empty", suffix: "vector") }
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
            guard let made = try Inference.vector(node, for: .query) else { throw node.noVariant(variant) }
            return made
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
        if unsafe !indices.withUnsafeBufferPointer({ unsafe SparseLists.areUnique($0) }) {
            try SparseLists.repeated(in: node).raise()
        }
        return SparseVector(indices: indices, values: values)
    }
}
