import QuiverJSON
import QuiverModel

/// Collects the points of a request: ids, payloads and the places of their vectors first, then all components in one
/// pass into a slab of the right size, and the indices of sparse vectors in another.
struct PointBatchBuilder: ~Copyable {
    private var batch = PointBatch()
    /// The array or object of each entry in `batch.vectors`.
    private var sources: [JSONNode] = []
    /// Until the end, the shape of a sparse vector has its place here in place of one in `batch.indices`.
    private var sparseLists: [SparseSource] = []
    /// The place in `batch.vectors` that each name took last, or -1.
    private var lastReference: [Int] = []
    /// Finds names once there are more than a glance takes in; a body may hold millions.
    private var nameIndexes: [String: Int] = [:]
    private var unnamedIndex: Int?
    /// Where the vectors of the current point begin.
    private var firstVector = 0
    /// Given where the body is read to find its faults.
    private let noted = FaultList.current
    /// Minifies one payload after the other in the same buffer.
    private var writer = JSONWriter(reservingByteCount: 4096)

    init(capacity: Int) {
        batch.entries.reserveCapacity(capacity)
        batch.vectors.reserveCapacity(capacity)
        sources.reserveCapacity(capacity)
    }

    /// Ends a point: the vectors since the last one are its own.
    mutating func append(id: PointID, payload: JSONNode?) throws(WireFault) {
        var text: Payload?
        if let payload { text = try minified(payload) }
        batch.entries.append(
            PointBatch.Entry(id: id, vectors: firstVector..<batch.vectors.count, payload: text))
        firstVector = batch.vectors.count
    }

    private mutating func minified(_ payload: JSONNode) throws(WireFault) -> Payload? {
        if payload.isNull { return nil }
        try payload.requireObject("a map")
        writer.removeAll()
        writer.value(distinct: payload)
        return Payload(validated: writer.bytes)
    }

    /// `vector` as it is sent with a point: an array, an object by names, or something for a model.
    ///
    /// - Parameter whole: makes a vector of an object that is for a model as a whole.
    mutating func append(
        vectorsOf node: JSONNode, _ whole: (Inference.Content, JSONNode) throws(WireFault) -> Void
    ) throws(WireFault) {
        if node.isArray {
            try append(vector: node, name: nameIndex(nil))
            return
        }
        guard node.isObject else { throw node.noVariant("VectorStruct") }
        if let content = try Inference.content(of: node) {
            try whole(content, node)
            return
        }
        let count = noted?.count ?? 0
        for member in node.members {
            do throws(WireFault) {
                if member.isArray {
                    try append(vector: member, name: nameIndex(member))
                } else if member.isObject {
                    try append(sparse: member, name: nameIndex(member), in: node, "VectorStruct")
                } else {
                    throw node.noVariant("VectorStruct")
                }
            } catch {
                throw error.anonymising(member.byteOffset)
            }
            // Of the broken rules of named vectors Qdrant tells one.
            noted?.change(since: count, onlyFirst: true) { $0.anonymising(member.byteOffset) }
        }
    }

    /// A dense vector, or a multivector.
    mutating func append(vector: JSONNode, name: Int) throws(WireFault) {
        let count = vector.count
        if count == 0 {
            try vector.breaks("dense vector must not be empty", suffix: "vector")
            return
        }
        var reference = PointBatch.VectorRef(name: name, offset: 0, count: count)
        if vector.holdsRows {
            let shape = try MultivectorShape(vector)
            guard shape.isEven, shape.rowSize > 0 else { return }
            reference.count = shape.rowCount * shape.rowSize
            reference.shape = .multi(rowCount: shape.rowCount)
        }
        append(reference, vector)
    }

    /// What is no sparse vector, and not for a model either, fits no variant of `whole`.
    mutating func append(
        sparse vector: JSONNode, name: Int, in whole: JSONNode, _ variant: String
    ) throws(WireFault) {
        let source: SparseSource
        if let lists = try SparseLists(vector) {
            source = .lists(lists)
        } else if let made = try Inference.vector(vector, for: .document) {
            source = .made(made)
        } else {
            throw whole.noVariant(variant)
        }
        guard source.isEven else { return }
        let shape = PointBatch.Shape.sparse(firstIndex: sparseLists.count)
        sparseLists.append(source)
        append(PointBatch.VectorRef(name: name, offset: 0, count: source.count, shape: shape), vector)
    }

    /// Of two vectors with the same name in one point the last one counts, as in any map that serde reads.
    private mutating func append(_ reference: PointBatch.VectorRef, _ source: JSONNode) {
        let last = lastReference[reference.name]
        if last >= firstVector {
            batch.vectors[last] = reference
            sources[last] = source
        } else {
            lastReference[reference.name] = batch.vectors.count
            batch.vectors.append(reference)
            sources.append(source)
        }
    }

    /// The index of a member's name; nil is the unnamed vector.
    mutating func nameIndex(_ member: JSONNode?) -> Int {
        guard let member else {
            if let unnamedIndex { return unnamedIndex }
            let index = nameIndex("")
            unnamedIndex = index
            return index
        }
        if batch.vectorNames.count <= 8 {
            for (index, name) in batch.vectorNames.enumerated() {
                var name = name
                if name.withUTF8({ unsafe member.isKey(utf8: $0) }) { return index }
            }
        }
        return nameIndex(member.key)
    }

    private mutating func nameIndex(_ name: String) -> Int {
        if let index = nameIndexes[name] { return index }
        let index = batch.vectorNames.count
        nameIndexes[name] = index
        batch.vectorNames.append(name)
        lastReference.append(-1)
        return index
    }

    /// Converts the numbers and hands the batch over.
    consuming func finish() throws(WireFault) -> PointBatch {
        var total = 0
        for index in batch.vectors.indices {
            batch.vectors[index].offset = total
            total += batch.vectors[index].count
        }
        batch.components = try convertedComponents(total)
        if !sparseLists.isEmpty { try convertIndices() }
        return batch
    }
}

// MARK: Conversion

extension PointBatchBuilder {
    private func convertedComponents(_ total: Int) throws(WireFault) -> [Float] {
        var failed: Int?
        let (vectors, sources, sparseLists) = (batch.vectors, sources, sparseLists)
        let components = unsafe [Float](unsafeUninitializedCapacity: total) { (slab, count) in
            guard let base = slab.baseAddress else { return }
            for (index, source) in sources.enumerated() {
                let reference = vectors[index]
                let destination = unsafe base + reference.offset
                let isComplete =
                    switch reference.shape {
                    case .dense: unsafe source.copyFloats(to: destination)
                    case .multi(let rowCount):
                        unsafe Self.copy(rowsOf: source, of: reference.count / rowCount, to: destination)
                    case .sparse(let list): unsafe sparseLists[list].copyValues(to: destination)
                    }
                guard isComplete else {
                    failed = index
                    return
                }
            }
            count = total
        }
        if let failed {
            for component in numbers(of: failed) where !component.isNumber { throw component.invalidType("f32") }
        }
        if let place = unsafe components.withUnsafeBufferPointer({ unsafe FloatCheck.firstNotFinite($0) }) {
            let index = vectors.firstIndex { place < $0.offset + $0.count } ?? 0
            let component = numbers(of: index).dropFirst(place - vectors[index].offset).first
            throw (component ?? sources[index]).malformed("number out of range for a 32-bit float")
        }
        return components
    }

    private static func copy(rowsOf node: JSONNode, of size: Int, to destination: UnsafeMutablePointer<Float>) -> Bool {
        var out = unsafe destination
        for row in node.elements {
            guard unsafe row.copyFloats(to: out) else { return false }
            unsafe out += size
        }
        return true
    }

    /// What stands where the numbers of one vector should, for messages.
    private func numbers(of index: Int) -> [JSONNode] {
        switch batch.vectors[index].shape {
        case .dense: Array(sources[index].elements)
        case .multi: sources[index].elements.flatMap { Array($0.elements) }
        case .sparse(let list): sparseLists[list].values
        }
    }

    private mutating func convertIndices() throws(WireFault) {
        var total = 0
        var first: [Int] = []
        for reference in batch.vectors {
            guard case .sparse = reference.shape else { continue }
            first.append(total)
            total += reference.count
        }
        var wrong: JSONNode?
        var repeating: [JSONNode] = []
        let (vectors, sources, sparseLists) = (batch.vectors, sources, sparseLists)
        batch.indices = unsafe [UInt32](unsafeUninitializedCapacity: total) { (slab, count) in
            guard let base = slab.baseAddress else { return }
            var next = 0
            for (index, reference) in vectors.enumerated() {
                guard case .sparse(let list) = reference.shape else { continue }
                wrong = unsafe sparseLists[list].copyIndices(to: base + next)
                guard wrong == nil else { return }
                let copied = unsafe UnsafeBufferPointer(start: base + next, count: reference.count)
                if unsafe !SparseLists.areUnique(copied) { repeating.append(sources[index]) }
                next += reference.count
            }
            count = total
        }
        if let wrong { throw SparseLists.fault(ofIndex: wrong) }
        for vector in repeating { try SparseLists.repeated(in: vector).anonymising(vector.byteOffset).raise() }
        var order = 0
        for index in batch.vectors.indices {
            guard case .sparse = batch.vectors[index].shape else { continue }
            batch.vectors[index].shape = .sparse(firstIndex: first[order])
            order += 1
        }
    }
}
