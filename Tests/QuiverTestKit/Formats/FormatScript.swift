public import QuiverModel

/// How the collections of a sample come about: a configuration, the steps up to the sample, and those behind a first
/// backup of it. The same for the same seed.
public struct FormatScript: Sendable {
    public struct Story: Sendable {
        public var name: String
        public var config: CollectionConfig
        public var steps: [FormatStep]
        public var later: [FormatStep]
    }

    public static let version = 1
    public static let seed: UInt64 = 2026
    /// Of the encrypted repository.
    public static let keyBytes = [UInt8](0..<32)

    public static let aliases = ["first": "everything", "Ünïcode alias": "plain"]

    public static let stories: [Story] = [everything(), quantized(), plain()]

    /// A collection that each sample has, and nothing is in it.
    public static let empty = "empty"

    public static func model(_ story: Story, _ steps: [FormatStep]) -> FormatModel {
        var model = FormatModel(story.config)
        for step in steps { model.apply(step) }
        return model
    }

    // MARK: Configurations

    private static func config(_ vectors: VectorsConfig) -> CollectionConfig {
        var config = CollectionConfig(vectors: vectors)
        config.optimizers.indexingThreshold = 1
        // Dead rows stay.
        config.optimizers.deletedThreshold = 1
        config.hnsw.m = 4
        config.hnsw.efConstruct = 16
        return config
    }

    // MARK: Values

    /// Components that a float holds exactly, and few bits tell.
    private static func row(_ size: Int, _ random: inout SeededGenerator) -> [Float] {
        (0..<size).map { _ in Float(random.below(33) - 16) / 16 }
    }

    private static func sparse(_ random: inout SeededGenerator) -> VectorValue {
        let indices = Set((0..<5).map { _ in UInt32(random.below(40)) }).union([0, 4_000_000_000]).sorted()
        return .sparse(SparseVector(indices: indices, values: indices.map { _ in Float(1 + random.below(16)) / 4 }))
    }

    public static func id(_ number: Int) -> PointID {
        // Each seventh has a UUID, and one the greatest number.
        if number == 40 { return .number(.max) }
        guard number % 7 == 3 else { return .number(UInt64(number)) }
        return .uuid(PointUUID(high: 0x0123_4567_89AB_4DEF, low: 0x8000_0000_0000_0000 | UInt64(number)))
    }

    private static func payload(_ number: Int) -> PlainJSON {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        var members: [PlainJSON.Member] = [
            .init("color", .string(["red", "green", "blue"][number % 3])), .init("n", .integer(Int64(number))),
            .init("price", .number("\(Double(number) / 8)")), .init("even", .bool(number % 2 == 0)),
            .init("day", .string("2024-01-\(two(1 + number % 28))T00:00:00Z")),
            .init("u", .string("550e8400-e29b-41d4-a716-4466554400\(two(number % 90))")),
            .init(
                "place",
                .object([.init("lon", .number("\(number % 60).25")), .init("lat", .integer(Int64(number % 40)))])),
            .init("text", .string("some words number\(number % 11)")),
        ]
        if number % 5 == 0 {
            // Every type, and what is hard to hold: as it was written, it stays.
            members += [
                .init("null", .null), .init("empty", .array([])), .init("none", .object([])),
                .init("list", .array([.integer(1), .string("two"), .array([.bool(false), .null]), .number("3.50")])),
                .init("deep", .object([.init("a", .object([.init("b", .array([.object([.init("c", .integer(1))])]))]))])),
                .init("large", .number("18446744073709551615")), .init("least", .number("-9223372036854775808")),
                .init("fine", .number("1.7976931348623157e308")), .init("exponent", .number("1E-7")),
                .init("quoted", .number(#""a \"quote\", a \\, \u0000 and \n""#)), .init("écriture", .string("日本語 🜁")),
            ]
        }
        // Values that an index does not hold, and keywords that are cut.
        if number == 13 { members[0] = .init("color", .array([.integer(7), .string("grey")])) }
        if number == 14 { members[0] = .init("color", .string(String(repeating: "long ", count: 120))) }
        if number == 15 { members[1] = .init("n", .number("15.0")) }
        if number == 16 { members[7] = .init("text", .string("...")) }
        return .object(members)
    }

    // MARK: Stories

    private static func everything() -> Story {
        var random = SeededGenerator(seed: seed)
        func params(_ size: Int, _ distance: Distance, _ datatype: VectorDatatype? = nil) -> VectorParams {
            VectorParams(size: size, distance: distance, datatype: datatype)
        }
        var linked = params(8, .cosine)
        linked.hnswConfig = HNSWConfigPatch()
        linked.hnswConfig?.payloadM = 4
        linked.hnswConfig?.fullScanThreshold = 0
        var multi = params(4, .cosine)
        multi.multivector = MultivectorConfig(comparator: .maxSim)
        var config = config(
            .named([
                "dense": linked, "half": params(6, .euclid, .float16), "byte": params(8, .dot, .uint8),
                "turbo": params(32, .cosine, .turbo4), "manhattan": params(4, .manhattan), "multi": multi,
                "gone": params(4, .dot),
            ]))
        config.sparseVectors = ["words": SparseVectorParams()]
        config.metadata = #"{"owner":"sample"}"#
        func vectors(_ number: Int) -> [String: VectorValue] {
            var vectors: [String: VectorValue] = [
                "dense": .dense(row(8, &random)), "half": .dense(row(6, &random)),
                "byte": .dense((0..<8).map { _ in Float(random.below(256)) }), "turbo": .dense(row(32, &random)),
                "manhattan": .dense(row(4, &random)),
                "multi": .multi((0..<1 + number % 3).map { _ in row(4, &random) }), "words": sparse(&random),
                "gone": .dense(row(4, &random)),
            ]
            // Not every point has every vector.
            if number % 9 == 4 { vectors["half"] = nil }
            if number % 10 == 6 { vectors["words"] = nil }
            return vectors
        }
        func entry(_ number: Int) -> FormatStep.Entry { .init(id(number), vectors(number), payload(number)) }
        var steps = FormatQuestion.indexes.map { FormatStep.makeIndex($0.field, PayloadIndexParams(type: $0.type)) }
        steps += [
            .makeIndex("kind", PayloadIndexParams(type: .keyword)),
            .upsert((0..<24).map(entry)), .upsert((24..<54).map(entry)), .dropIndex("kind"), .seal,
            .deletePoints([id(5), id(17), id(24), id(50)]), .dropVectorName("gone"),
            .makeVectorName("late", .dense(VectorParams(size: 4, distance: .euclid))),
            .makeVectorName("later", .sparse(SparseVectorParams())),
            .setMetadata(#"{"owner":"another"}"#), .seal,
        ]
        func newer(_ number: Int) -> FormatStep.Entry {
            var entry = entry(number)
            entry.vectors["gone"] = nil
            entry.vectors["late"] = .dense(row(4, &random))
            if number % 2 == 0 { entry.vectors["later"] = sparse(&random) }
            return entry
        }
        // Behind the segments: in the log alone.
        steps += [
            .upsert((52..<60).map(newer)), .upsert([newer(1), newer(2)]),
            .updateVectors([.init(id(3), ["dense": .dense(row(8, &random)), "words": sparse(&random)])]),
            .deleteVectors([id(4), id(6)], names: ["half", "words"]), .deletePoints([id(8)]),
            .setPayload(.object([.init("kind", .string("other")), .init("n", .integer(1000))]), [id(9), id(10)], path: nil),
            .setPayload(.object([.init("lat", .integer(80))]), [id(11)], path: "place"),
            .overwritePayload(.object([.init("kind", .string("other"))]), [id(12)]),
            .deletePayload(keys: ["color", "text"], [id(20), id(21)]), .clearPayload([id(22)]),
        ]
        let later: [FormatStep] = [
            .upsert([newer(100), newer(101), newer(23)]), .deletePoints([id(0), id(59)]),
            .makeIndex("kind", PayloadIndexParams(type: .keyword)),
            .updateVectors([.init(id(101), ["byte": .dense([1, 2, 3, 4, 5, 6, 7, 255])])]),
            .setPayload(.object([.init("color", .string("red"))]), [id(25), id(100)], path: nil),
            .deleteVectors([id(26)], names: ["dense"]), .dropIndex("kind"), .dropVectorName("later"),
            .makeVectorName("newest", .dense(VectorParams(size: 2, distance: .dot))),
            .setMetadata(#"{"owner":"a third"}"#), .overwritePayload(.object([]), [id(27)]),
            .deletePayload(keys: ["n"], [id(28)]), .clearPayload([id(29)]),
            .updateVectors([.init(id(30), ["newest": .dense([1, -1])])]),
        ]
        return Story(name: "everything", config: config, steps: steps, later: later)
    }

    /// Each kind of quantization.
    private static func quantized() -> Story {
        var random = SeededGenerator(seed: seed + 1)
        let kinds: [(String, QuantizationConfig, Distance)] = [
            ("scalar", .scalar(ScalarQuantization(quantile: 0.95)), .dot),
            ("product", .product(ProductQuantization(compression: .x16)), .euclid),
            ("binary", .binary(BinaryQuantization()), .dot),
            ("binary2", .binary(BinaryQuantization(encoding: .twoBits)), .euclid),
            ("binary15", .binary(BinaryQuantization(encoding: .oneAndHalfBits, queryEncoding: .scalar4Bits)), .dot),
            ("turbo1", .turbo(TurboQuantization(bits: .bits1)), .cosine),
            ("turbo15", .turbo(TurboQuantization(bits: .bits1And5)), .dot),
            ("turbo2", .turbo(TurboQuantization(bits: .bits2)), .euclid),
            ("turbo4", .turbo(TurboQuantization(bits: .bits4)), .manhattan),
        ]
        var named: [String: VectorParams] = [:]
        for (name, quantization, distance) in kinds {
            named[name] = VectorParams(size: 8, distance: distance, quantization: quantization)
        }
        func entry(_ number: Int) -> FormatStep.Entry {
            var vectors: [String: VectorValue] = [:]
            for (name, _, _) in kinds { vectors[name] = .dense(row(8, &random)) }
            return .init(.number(UInt64(number)), vectors, .object([.init("n", .integer(Int64(number)))]))
        }
        return Story(
            name: "quantized", config: config(.named(named)),
            steps: [.upsert((0..<34).map(entry)), .seal, .upsert((33..<36).map(entry))],
            later: [.upsert([entry(60)])])
    }

    /// One unnamed vector, and numbers alone as ids.
    private static func plain() -> Story {
        var random = SeededGenerator(seed: seed + 2)
        func entry(_ number: Int) -> FormatStep.Entry {
            .init(.number(UInt64(number)), ["": .dense(row(4, &random))], .object([.init("n", .integer(Int64(number)))]))
        }
        return Story(
            name: "plain", config: config(.unnamed(VectorParams(size: 4, distance: .euclid))),
            steps: [.upsert((0..<10).map(entry)), .seal, .deletePoints([.number(3)]), .upsert((9..<12).map(entry))],
            later: [.upsert([entry(20)]), .deletePoints([.number(1)])])
    }
}
