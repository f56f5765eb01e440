import QuiverJSON

/// What `GET /collections/{name}` tells of a collection, as the requests that make another one like it.
struct CollectionBlueprint: Sendable {
    /// The body of `PUT /collections/{name}`: everything but strict mode.
    var create: JSONValue
    /// The body of `PATCH /collections/{name}` that comes last, nil if there is nothing to say. Strict mode is here, for
    /// its limits are for users and might refuse the copying and the comparing.
    var finish: JSONValue?
    var indexes: [Index]
    /// Dense vectors by name; the unnamed one is `""`.
    var vectors: [(name: String, kind: VectorKind)]
    var sparseVectors: [String]
    /// Members that are not known here. They are passed on as they are; whether the target took them is told by the
    /// comparison of configurations.
    var unknown: [String]
    /// Why this cannot be copied; empty if it can.
    var obstacles: [String]
    /// The least limit of points that the source sets for one answer.
    var maximumQueryLimit: Int?
    /// The most points that the source takes in one request.
    var maximumBatchSize: Int?
    /// The whole of `result.config`, to be compared with the copy's.
    var config: JSONValue

    struct Index: Sendable, Equatable {
        var field: String
        /// A name, or an object of options.
        var schema: JSONValue
    }

    struct VectorKind: Sendable, Equatable {
        var size: Int
        var distance: String
        var datatype: String
        var isMultivector: Bool

        /// How far a component of a copy may be from the original, as a share of the vector's length: a copy of what
        /// was rounded when it was stored is rounded anew.
        var tolerance: Double {
            let isNormalised = distance == "Cosine" && datatype != "uint8"
            switch datatype {
            case "turbo4": return 0.1
            case "float16": return isNormalised ? 1e-3 : 0
            default: return isNormalised ? 1e-6 : 0
            }
        }
    }

    private static let paramsMembers: Set = [
        "vectors", "shard_number", "sharding_method", "replication_factor", "write_consistency_factor",
        "read_fan_out_factor", "read_fan_out_delay_ms", "on_disk_payload", "payload", "sparse_vectors",
    ]
    private static let configMembers: Set = [
        "params", "hnsw_config", "optimizer_config", "wal_config", "quantization_config", "strict_mode_config",
        "metadata",
    ]
    private static let vectorMembers: Set = [
        "size", "distance", "hnsw_config", "quantization_config", "on_disk", "memory", "datatype", "multivector_config",
    ]
    private static let sparseMembers: Set = ["index", "modifier"]

    /// - Parameter info: `result` of the answer.
    /// - Returns: nil when that is not the description of a collection.
    init?(info: JSONValue) {
        guard let config = info["config"], let params = config["params"] else { return nil }
        self.config = config
        unknown = []
        obstacles = []
        vectors = []
        sparseVectors = []
        indexes = []
        create = .null
        var create: [JSONValue.Member] = []
        var later: [JSONValue.Member] = []

        for member in params.members where member.value != .null {
            switch member.key {
            case "read_fan_out_factor", "read_fan_out_delay_ms": later.append(member)
            default:
                if !Self.paramsMembers.contains(member.key) { unknown.append("config.params." + member.key) }
                create.append(.init(member.key, member.value.withoutNulls))
            }
        }
        if case .string("custom") = params["sharding_method"] {
            obstacles.append("it has custom sharding: the shard key of a point cannot be copied")
        }
        readVectors(params)

        for member in config.members where member.value != .null {
            switch member.key {
            case "params", "strict_mode_config": continue
            case "optimizer_config": create.append(.init("optimizers_config", member.value.withoutNulls))
            case "metadata": create.append(member)
            default:
                if !Self.configMembers.contains(member.key) { unknown.append("config." + member.key) }
                create.append(.init(member.key, member.value.withoutNulls))
            }
        }
        self.create = .object(create)

        var finish: [JSONValue.Member] = []
        if !later.isEmpty { finish.append(.init("params", .object(later))) }
        if let strictMode = config["strict_mode_config"], strictMode != .null {
            finish.append(.init("strict_mode_config", strictMode.withoutNulls))
            maximumQueryLimit = strictMode["max_query_limit"]?.count
            maximumBatchSize = strictMode["upsert_max_batchsize"]?.count
        }
        self.finish = finish.isEmpty ? nil : .object(finish)
        readIndexes(info)
    }

    private mutating func readVectors(_ params: JSONValue) {
        if let dense = params["vectors"], dense != .null {
            // One vector without a name has its size here; a name may be "size", but then it is an object.
            if dense["size"]?.count != nil {
                addVector("", dense, place: "config.params.vectors")
            } else {
                for member in dense.members {
                    addVector(member.key, member.value, place: "config.params.vectors." + member.key)
                }
            }
        }
        for member in params["sparse_vectors"]?.members ?? [] {
            sparseVectors.append(member.key)
            for option in member.value.members where !Self.sparseMembers.contains(option.key) {
                unknown.append("config.params.sparse_vectors.\(member.key).\(option.key)")
            }
        }
    }

    private mutating func addVector(_ name: String, _ params: JSONValue, place: String) {
        for member in params.members where !Self.vectorMembers.contains(member.key) {
            unknown.append(place + "." + member.key)
        }
        vectors.append(
            (
                name,
                VectorKind(
                    size: params["size"]?.count ?? 0, distance: params["distance"]?.string ?? "",
                    datatype: params["datatype"]?.string ?? "float32",
                    isMultivector: params["multivector_config"].map { $0 != .null } ?? false)
            ))
    }

    private mutating func readIndexes(_ info: JSONValue) {
        for member in info["payload_schema"]?.members ?? [] {
            guard let schema = Self.schema(member.value) else {
                unknown.append("payload_schema." + member.key)
                continue
            }
            indexes.append(Index(field: member.key, schema: schema))
        }
    }

    /// As an index was asked for: with its options where there are any.
    static func schema(_ info: JSONValue) -> JSONValue? {
        if let params = info["params"], params != .null {
            let given = params.withoutNulls
            if given["type"] != nil { return given }
            // Answers of old versions leave the type to `data_type`.
            guard let type = info["data_type"] else { return nil }
            return .object([.init("type", type)] + given.members)
        }
        guard case .string = info["data_type"] else { return nil }
        return info["data_type"]
    }

    /// The bytes that a point of this collection takes in an answer, roughly; nil where nobody can know.
    var expectedPointBytes: Int? {
        if vectors.contains(where: \.kind.isMultivector) { return nil }
        return vectors.reduce(512 + 1024 * sparseVectors.count) { $0 + 12 * $1.kind.size }
    }
}

// MARK: Comparing configurations

/// A member of a configuration that is not in the copy as it is in the source.
struct ConfigurationDifference: Equatable, Sendable, CustomStringConvertible {
    var path: String
    var source: JSONValue
    var target: JSONValue?

    var description: String {
        "\(path) is \(source.text) at the source and \(target?.text ?? "absent") at the target"
    }

    /// What the source says and the target does not say alike. What only the target says are its defaults.
    static func all(source: JSONValue, target: JSONValue?, path: String = "config") -> [ConfigurationDifference] {
        if source == .null { return [] }
        if case .object(let members) = source, path != "config.metadata" {
            return members.flatMap { all(source: $0.value, target: target?[$0.key], path: path + "." + $0.key) }
        }
        if let target, source.isSame(as: target) { return [] }
        return [ConfigurationDifference(path: path, source: source, target: target)]
    }
}
