import QuiverJSON
import QuiverModel

/// Collects the points of a request: ids, payloads and the places of their vectors first, then all components in one
/// pass into a slab of the right size.
struct PointBatchBuilder: ~Copyable {
    private var batch = PointBatch()
    /// The array of each entry in `batch.vectors`.
    private var sources: [JSONNode] = []
    /// The place in `batch.vectors` that each name took last, or -1.
    private var lastReference: [Int] = []
    /// Finds names once there are more than a glance takes in; a body may hold millions.
    private var nameIndexes: [String: Int] = [:]
    private var unnamedIndex: Int?
    /// Where the vectors of the current point begin.
    private var firstVector = 0
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

    /// `vector` as it is sent with a point: an array, or an object by names.
    mutating func append(vectorsOf node: JSONNode) throws(WireFault) {
        if node.isArray {
            try append(vector: node, name: nameIndex(nil))
            return
        }
        guard node.isObject else { throw node.noVariant("VectorStruct") }
        for member in node.members {
            do throws(WireFault) {
                guard member.isArray else {
                    if member.isObject {
                        try RequestDecoder.refuseOtherVectors(member)
                    } else {
                        // `{text, model}` and the like in place of the whole.
                        try RequestDecoder.refuseOtherVectors(node)
                    }
                    throw node.noVariant("VectorStruct")
                }
                try append(vector: member, name: nameIndex(member))
            } catch {
                throw error.anonymising(member.byteOffset)
            }
        }
    }

    /// Of two vectors with the same name in one point the last one counts, as in any map that serde reads.
    mutating func append(vector: JSONNode, name: Int) throws(WireFault) {
        let count = vector.count
        guard count > 0 else { throw vector.broken("dense vector must not be empty", suffix: "vector") }
        if let first = vector.element(at: 0), first.isArray { throw vector.unsupported("multivector") }
        let reference = PointBatch.VectorRef(name: name, offset: 0, count: count)
        if lastReference[name] >= firstVector {
            batch.vectors[lastReference[name]] = reference
            sources[lastReference[name]] = vector
        } else {
            lastReference[name] = batch.vectors.count
            batch.vectors.append(reference)
            sources.append(vector)
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

    /// Converts the components and hands the batch over.
    consuming func finish() throws(WireFault) -> PointBatch {
        var total = 0
        for index in batch.vectors.indices {
            batch.vectors[index].offset = total
            total += batch.vectors[index].count
        }
        var failed: Int?
        let (vectors, sources) = (batch.vectors, sources)
        let components = unsafe [Float](unsafeUninitializedCapacity: total) { (slab, count) in
            guard let base = slab.baseAddress else { return }
            for (index, source) in sources.enumerated() {
                guard unsafe source.copyFloats(to: base + vectors[index].offset) else {
                    failed = index
                    return
                }
            }
            count = total
        }
        if let failed {
            for component in sources[failed].elements where !component.isNumber {
                throw component.invalidType("f32")
            }
        }
        if let place = unsafe components.withUnsafeBufferPointer({ unsafe FloatCheck.firstNotFinite($0) }) {
            let index = vectors.firstIndex { place < $0.offset + $0.count } ?? 0
            let vector = sources[index]
            throw (vector.element(at: place - vectors[index].offset) ?? vector)
                .malformed("number out of range for a 32-bit float")
        }
        batch.components = components
        return batch
    }
}
