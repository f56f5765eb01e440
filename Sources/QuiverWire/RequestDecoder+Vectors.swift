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
            named[member.key] = try WireFault.changing({ $0.anonymising(member.byteOffset) }) { () throws(WireFault) in
                try refuseLookalike(member, of: named)
                return try vectorParams(member)
            }
        }
        return .named(named)
    }

    private static func sizedParams(_ node: JSONNode) throws(WireFault) -> VectorParams {
        let size = try node.required("size").count(from: 1, to: Limits.vectorSize)
        let distanceNode = try node.required("distance")
        let name = try distanceNode.text()
        guard let distance = Distance(rawValue: name) else {
            throw distanceNode.unknownVariant(name, ["Cosine", "Euclid", "Dot", "Manhattan"])
        }
        return VectorParams(size: size, distance: distance)
    }

    private static func vectorParams(_ node: JSONNode) throws(WireFault) -> VectorParams {
        var params = try sizedParams(node)
        if let hnsw = try node.given("hnsw_config") { params.hnswConfig = try hnswPatch(hnsw) }
        params.quantization = try quantization(of: node)
        params.onDisk = try node.optionalBool("on_disk")
        params.memory = try storageMemory(of: node, "dense vector storage")
        params.datatype = try node.given("datatype").map { (node) throws(WireFault) in try datatype(node) }
        params.multivector = try multivectorConfig(node)
        return params
    }

    private static func multivectorConfig(_ object: JSONNode) throws(WireFault) -> MultivectorConfig? {
        guard let multivector = try object.given("multivector_config") else { return nil }
        try multivector.requireObject("struct MultiVectorConfig")
        let comparator = try multivector.required("comparator")
        guard comparator.isString("max_sim") else {
            throw comparator.unknownVariant(try comparator.text(), [MultivectorComparator.maxSim.rawValue])
        }
        return MultivectorConfig(comparator: .maxSim)
    }

    /// What a vector name of a live collection is added with: fewer options than at its creation, the others are
    /// unknown fields, which Qdrant ignores here.
    static func vectorNameConfig(_ node: JSONNode, name: String) throws(WireFault) -> VectorNameConfig {
        guard node.isObject else { throw node.noVariant("VectorNameConfig") }
        let config: VectorNameConfig
        if let dense = try node.field("dense") {
            try dense.requireObject("struct DenseVectorConfig")
            var params = try sizedParams(dense)
            params.datatype = try dense.given("datatype").map { (node) throws(WireFault) in try datatype(node) }
            params.multivector = try multivectorConfig(dense)
            config = .dense(params)
        } else if let sparse = try node.field("sparse") {
            try sparse.requireObject("struct SparseVectorConfig")
            var params = SparseVectorParams()
            params.modifier = try sparse.optionalVariant("modifier", of: SparseModifier.self)
            if let datatype = try sparseDatatype(sparse) { params.index = SparseIndexParams(datatype: datatype) }
            config = .sparse(params)
        } else {
            throw node.noVariant("VectorNameConfig")
        }
        switch config {
        case .dense:
            if let fault = Names.faultOfVector(name) {
                try node.wrongInput("Invalid dense vector name `\(name)`: \(fault)").raise()
            }
        case .sparse:
            if let fault = Names.faultOfVector(name) {
                try node.wrongInput("Invalid sparse vector name `\(name)`: \(fault)").raise()
            }
            if name.isEmpty { try node.wrongInput("Sparse vector name cannot be empty").raise() }
        }
        return config
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
        if memory == .pinned { try node.breaks("`pinned` memory placement is not supported for \(what)") }
        return memory
    }
}

// MARK: Parameters of sparse vectors

extension RequestDecoder {
    /// Parameters by name. `label` is how Qdrant's paths tell the member, given its place in the order of names.
    static func sparseVectors(
        _ node: JSONNode, label: @escaping (Int) -> String
    ) throws(WireFault) -> [String: SparseVectorParams] {
        try node.requireObject("a map")
        var named: [String: SparseVectorParams] = [:]
        for member in node.members {
            let change = { (fault: WireFault) -> WireFault in
                fault.anonymising(member.byteOffset, as: label(place(of: member, in: node)))
            }
            named[member.key] = try WireFault.changing(change) { () throws(WireFault) in
                try refuseLookalike(member, of: named)
                return try sparseParams(member)
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
            given.datatype = try sparseDatatype(index)
            params.index = given
        }
        params.modifier = try node.optionalVariant("modifier", of: SparseModifier.self)
        return params
    }

    private static func sparseDatatype(_ object: JSONNode) throws(WireFault) -> VectorDatatype? {
        guard let node = try object.given("datatype") else { return nil }
        let datatype = try datatype(node)
        if datatype == .turbo4 { try node.breaks("sparse vectors do not support the `turbo4` datatype") }
        return datatype
    }
}

// MARK: Names

extension RequestDecoder {
    /// A name that only looks the same would replace the other one silently.
    private static func refuseLookalike<Params>(
        _ member: JSONNode, of named: [String: Params]
    ) throws(WireFault) {
        if let place = named.index(forKey: member.key), !named[place].key.utf8.elementsEqual(member.key.utf8) {
            try member.breaks("vector names must differ in more than their Unicode composition")
        }
    }

    /// The rules that Qdrant looks at once the whole body is valid.
    static func checkVectorNames(of config: CollectionConfig, in node: JSONNode) throws(WireFault) {
        if case .named(let named)? = config.vectors {
            for name in named.keys.sorted() {
                guard let fault = Names.faultOfVector(name) else { continue }
                try node.wrongInput("Invalid dense vector name `\(name)`: \(fault)").raise()
            }
        }
        guard let sparse = config.sparseVectors else { return }
        for name in sparse.keys.sorted() {
            guard let fault = Names.faultOfVector(name) else { continue }
            try node.wrongInput("Invalid sparse vector name `\(name)`: \(fault)").raise()
        }
        if sparse[""] != nil { try node.wrongInput("Sparse vector name cannot be empty").raise() }
        let dense = config.vectors?.byName ?? [:]
        if let name = sparse.keys.sorted().first(where: { dense[$0] != nil }) {
            try node.wrongInput(
                "Dense and sparse vector names must be unique - duplicate found with '\(name)'"
            ).raise()
        }
    }
}
