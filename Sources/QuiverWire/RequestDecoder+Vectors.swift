import QuiverJSON
import QuiverModel

// MARK: Parameters of dense vectors

extension RequestDecoder {
    /// Parameters of one vector, or a map of them: there every member is an object, also one called `size`.
    static func vectorsConfig(_ node: JSONNode) throws(WireFault) -> VectorsConfig? {
        guard node.isObject else { throw node.noVariant("VectorsConfig") }
        guard node.count > 0 else { return nil }
        guard node.members.allSatisfy({ $0.isObject }) else { return .unnamed(try vectorParams(node)) }
        var named: [String: VectorParams] = [:]
        for member in node.members {
            do throws(WireFault) {
                try refuseLookalike(member, of: named)
                named[member.key] = try vectorParams(member)
            } catch {
                throw error.anonymising(member.byteOffset)
            }
        }
        return .named(named)
    }

    private static func vectorParams(_ node: JSONNode) throws(WireFault) -> VectorParams {
        let size = try node.required("size").count(from: 1, to: Limits.vectorSize)
        let distanceNode = try node.required("distance")
        let name = try distanceNode.text()
        guard let distance = Distance(rawValue: name) else {
            throw distanceNode.unknownVariant(name, ["Cosine", "Euclid", "Dot", "Manhattan"])
        }
        var params = VectorParams(size: size, distance: distance)
        if let hnsw = try node.given("hnsw_config") { params.hnswConfig = try hnswPatch(hnsw) }
        params.quantization = try quantization(of: node)
        params.onDisk = try node.optionalBool("on_disk")
        params.memory = try storageMemory(of: node, "dense vector storage")
        params.datatype = try node.given("datatype").map { (node) throws(WireFault) in try datatype(node) }
        if let multivector = try node.given("multivector_config") {
            try multivector.requireObject("struct MultiVectorConfig")
            let comparator = try multivector.required("comparator")
            guard comparator.isString("max_sim") else {
                throw comparator.unknownVariant(try comparator.text(), [MultivectorComparator.maxSim.rawValue])
            }
            params.multivector = MultivectorConfig(comparator: .maxSim)
        }
        return params
    }

    static func vectorPatch(_ node: JSONNode) throws(WireFault) -> VectorParamsPatch {
        try node.requireObject("struct VectorParamsDiff")
        var patch = VectorParamsPatch()
        if let hnsw = try node.given("hnsw_config") { patch.hnswConfig = try hnswPatch(hnsw) }
        patch.quantization = try quantizationPatch(of: node)
        patch.onDisk = try node.optionalBool("on_disk")
        patch.memory = try storageMemory(of: node, "dense vector storage")
        return patch
    }

    private static func datatype(_ node: JSONNode) throws(WireFault) -> VectorDatatype {
        let name = try node.text()
        guard let known = VectorDatatype(rawValue: name) else {
            throw node.unknownVariant(name, ["float32", "uint8", "float16", "turbo4"])
        }
        return known
    }

    /// The `memory` of what cannot be pinned.
    static func storageMemory(of object: JSONNode, _ what: String) throws(WireFault) -> MemoryPlacement? {
        guard let node = try object.given("memory") else { return nil }
        let memory = try node.variant(of: MemoryPlacement.self)
        guard memory != .pinned else {
            throw node.broken("`pinned` memory placement is not supported for \(what)")
        }
        return memory
    }
}

// MARK: Parameters of sparse vectors

extension RequestDecoder {
    /// Parameters by name. `label` is how Qdrant's paths tell the member, given its place in the order of names.
    static func sparseVectors(
        _ node: JSONNode, label: (Int) -> String
    ) throws(WireFault) -> [String: SparseVectorParams] {
        try node.requireObject("a map")
        var named: [String: SparseVectorParams] = [:]
        for member in node.members {
            do throws(WireFault) {
                try refuseLookalike(member, of: named)
                named[member.key] = try sparseParams(member)
            } catch {
                let key = member.key
                let place = node.members.count { $0.key.utf8.lexicographicallyPrecedes(key.utf8) }
                throw error.anonymising(member.byteOffset, as: label(place))
            }
        }
        return named
    }

    private static func sparseParams(_ node: JSONNode) throws(WireFault) -> SparseVectorParams {
        try node.requireObject("struct SparseVectorParams")
        var params = SparseVectorParams()
        if let index = try node.given("index") {
            try index.requireObject("struct SparseIndexParams")
            var given = SparseIndexParams()
            given.fullScanThreshold = try index.optionalCount("full_scan_threshold")
            given.onDisk = try index.optionalBool("on_disk")
            given.memory = try index.optionalVariant("memory", of: MemoryPlacement.self)
            if let node = try index.given("datatype") {
                let datatype = try datatype(node)
                guard datatype != .turbo4 else {
                    throw node.broken("sparse vectors do not support the `turbo4` datatype")
                }
                given.datatype = datatype
            }
            params.index = given
        }
        params.modifier = try node.optionalVariant("modifier", of: SparseModifier.self)
        return params
    }
}

// MARK: Names

extension RequestDecoder {
    /// A name that only looks the same would replace the other one silently.
    private static func refuseLookalike<Params>(
        _ member: JSONNode, of named: [String: Params]
    ) throws(WireFault) {
        if let place = named.index(forKey: member.key), !named[place].key.utf8.elementsEqual(member.key.utf8) {
            throw member.broken("vector names must differ in more than their Unicode composition")
        }
    }

    /// The rules that Qdrant looks at once the whole body is valid.
    static func checkVectorNames(of config: CollectionConfig, in node: JSONNode) throws(WireFault) {
        if case .named(let named)? = config.vectors {
            for name in named.keys.sorted() {
                guard let fault = Names.faultOfVector(name) else { continue }
                throw node.wrongInput("Invalid dense vector name `\(name)`: \(fault)")
            }
        }
        guard let sparse = config.sparseVectors else { return }
        for name in sparse.keys.sorted() {
            guard let fault = Names.faultOfVector(name) else { continue }
            throw node.wrongInput("Invalid sparse vector name `\(name)`: \(fault)")
        }
        if sparse[""] != nil { throw node.wrongInput("Sparse vector name cannot be empty") }
        let dense = config.vectors?.byName ?? [:]
        if let name = sparse.keys.sorted().first(where: { dense[$0] != nil }) {
            throw node.wrongInput("Dense and sparse vector names must be unique - duplicate found with '\(name)'")
        }
    }
}
