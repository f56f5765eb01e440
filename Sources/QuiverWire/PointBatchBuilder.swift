import QuiverJSON
import QuiverModel

/// Collects the points of a request: ids, payloads and the places of their vectors first, then all components in one
/// pass into a slab of the right size.
struct PointBatchBuilder: ~Copyable {
    private var batch = PointBatch()
    /// The array of each entry in `batch.vectors`.
    private var sources: [JSONNode] = []
    private var componentCount = 0
    /// Minifies one payload after the other in the same buffer.
    private var writer = JSONWriter(reservingByteCount: 4096)

    init(capacity: Int) {
        batch.entries.reserveCapacity(capacity)
        batch.vectors.reserveCapacity(capacity)
        sources.reserveCapacity(capacity)
    }

    mutating func append(id: PointID, firstVector: Int, payload: JSONNode?) throws(WireFault) {
        var text: Payload?
        if let payload { text = try minified(payload) }
        batch.entries.append(
            PointBatch.Entry(id: id, vectors: firstVector..<batch.vectors.count, payload: text))
    }

    var vectorCount: Int { batch.vectors.count }

    private mutating func minified(_ payload: JSONNode) throws(WireFault) -> Payload? {
        if payload.isNull { return nil }
        try payload.requireObject("a map")
        writer.removeAll()
        writer.value(minified: payload)
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

    mutating func append(vector: JSONNode, name: Int) throws(WireFault) {
        let count = vector.count
        guard count > 0 else { throw vector.broken("dense vector must not be empty", suffix: "vector") }
        if let first = vector.element(at: 0), first.isArray { throw vector.unsupported("multivector") }
        batch.vectors.append(PointBatch.VectorRef(name: name, offset: componentCount, count: count))
        sources.append(vector)
        componentCount += count
    }

    /// The index of a member's name; nil is the unnamed vector.
    mutating func nameIndex(_ member: JSONNode?) -> Int {
        guard let member else { return batch.index(ofName: "") }
        for (index, name) in batch.vectorNames.enumerated() {
            var name = name
            if name.withUTF8({ unsafe member.isKey(utf8: $0) }) { return index }
        }
        batch.vectorNames.append(member.key)
        return batch.vectorNames.count - 1
    }

    /// Converts the components and hands the batch over.
    consuming func finish() throws(WireFault) -> PointBatch {
        var failed: Int?
        let (vectors, sources) = (batch.vectors, sources)
        let total = componentCount
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
