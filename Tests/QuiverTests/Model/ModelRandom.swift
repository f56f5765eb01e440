import Quiver
import QuiverTestKit

/// The shape of a collection under test.
struct ModelShape {
    /// Dimension and distance by vector name; the only name "" means an unnamed vector.
    var vectors: [String: VectorParams]

    var isUnnamed: Bool { vectors[""] != nil }
    var names: [String] { vectors.keys.sorted() }
    var distances: [String: Distance] { vectors.mapValues(\.distance) }

    func config() -> CollectionConfig {
        var config = CollectionConfig(vectors: isUnnamed ? vectors[""].map(VectorsConfig.unnamed) : .named(vectors))
        // Everything small, so that a few dozen points are sealed, indexed, cleaned and merged.
        config.optimizers.indexingThreshold = 1
        config.optimizers.vacuumMinVectorNumber = 16
        config.hnsw.m = 8
        config.hnsw.efConstruct = 64
        config.hnsw.fullScanThreshold = 1
        return config
    }

    static func unnamed(_ distance: Distance) -> ModelShape {
        ModelShape(vectors: ["": VectorParams(size: 8, distance: distance)])
    }

    static let named = ModelShape(vectors: [
        "text": VectorParams(size: 8, distance: .cosine), "image": VectorParams(size: 12, distance: .euclid),
        "sound": VectorParams(size: 5, distance: .dot),
    ])
}

/// Random operations, filters and ids over a small universe, so that they meet.
struct ModelRandom {
    var random: SeededGenerator
    var shape: ModelShape

    static let fields: [(key: String, type: PayloadIndexType)] = [
        ("kind", .keyword), ("n", .integer), ("price", .float), ("sold", .bool), ("at", .datetime), ("tags", .keyword),
        ("o.x", .integer),
    ]

    mutating func id() -> PointID {
        let number = UInt64(random.below(150))
        if random.chance(60) { return .number(random.chance(5) ? .max - number : number) }
        return .uuid(PointUUID(high: number &* 0x9E37_79B9_7F4A_7C15, low: number))
    }

    mutating func ids(_ atMost: Int) -> [PointID] { (0..<1 + random.below(atMost)).map { _ in id() } }

    mutating func vector(_ name: String) -> [Float] {
        guard let size = shape.vectors[name]?.size else { return [] }
        // A coarse grid now and then: equal scores and zero vectors.
        if random.chance(15) { return (0..<size).map { _ in Float(random.below(3) - 1) } }
        return random.vector(size)
    }

    mutating func vectors() -> [String: [Float]] {
        var vectors: [String: [Float]] = [:]
        for name in shape.names where random.chance(75) { vectors[name] = vector(name) }
        return vectors
    }

    private mutating func kind() -> String { "k\(random.below(5))" }

    private mutating func moment() -> String { "2024-0\(1 + random.below(9))-1\(random.below(10))T00:00:00Z" }

    mutating func payload() -> PlainJSON {
        var members: [PlainJSON.Member] = []
        if random.chance(80) { members.append(.init("kind", random.chance(10) ? .null : .string(kind()))) }
        if random.chance(80) { members.append(.init("n", .integer(Int64(random.below(40) - 10)))) }
        if random.chance(70) { members.append(.init("price", .number("\(random.below(50)).\(random.below(10))5"))) }
        if random.chance(50) { members.append(.init("sold", .bool(random.chance(50)))) }
        if random.chance(50) { members.append(.init("at", .string(moment()))) }
        if random.chance(60) {
            members.append(.init("tags", .array((0..<random.below(4)).map { _ in .string(kind()) })))
        }
        if random.chance(40) { members.append(.init("o", .object([.init("x", .integer(Int64(random.below(6))))]))) }
        if random.chance(3) { members.append(.init("long", .string(String(repeating: "x", count: 5000)))) }
        return .object(members)
    }

    // MARK: Filters

    private func path(_ text: String) -> PayloadPath {
        guard let path = PayloadPath(text) else { fatalError("the test uses a wrong path: \(text)") }
        return path
    }

    mutating func condition() -> Condition {
        func field(_ key: String, _ predicate: FieldCondition.Predicate) -> Condition {
            .field(FieldCondition(key: path(key), predicate))
        }
        switch random.below(14) {
        case 0: return field("kind", .match(.string(kind())))
        case 1: return field("n", .match(.integer(Int64(random.below(40) - 10))))
        case 2: return field("n", .range(NumberRange(gte: Double(random.below(30) - 10), lt: Double(random.below(40)))))
        case 3: return field("price", .range(NumberRange(gt: Double(random.below(30)), lte: Double(20 + random.below(40)))))
        case 4: return field("sold", .match(.bool(random.chance(50))))
        case 5: return field("at", .datetimeRange(DatetimeRange(gte: Timestamp(moment()))))
        case 6: return field("tags", .matchAny(.strings([kind(), kind()])))
        case 7: return field("kind", .matchExcept(.strings([kind(), kind()])))
        case 8: return field("tags", .valuesCount(CountRange(gte: UInt64(random.below(3)))))
        case 9: return field("o.x", .match(.integer(Int64(random.below(6)))))
        case 10: return .isEmpty(path(random.pick(["tags", "kind", "n"])))
        case 11: return .isNull(path("kind"))
        case 12: return .hasID(Set(ids(20)))
        default: return .hasVector(random.pick(shape.names))
        }
    }

    mutating func filter(depth: Int = 1) -> Filter {
        var filter = Filter()
        func conditions(_ count: Int, _ self: inout ModelRandom) -> [Condition] {
            (0..<count).map { _ in
                depth > 0 && self.random.chance(15) ? .filter(self.filter(depth: depth - 1)) : self.condition()
            }
        }
        switch random.below(4) {
        case 0: filter.must = conditions(1 + random.below(2), &self)
        case 1: filter.should = conditions(1 + random.below(3), &self)
        case 2:
            filter.mustNot = conditions(1, &self)
            if random.chance(50) { filter.must = conditions(1, &self) }
        default: filter.minShould = .init(conditions: conditions(3, &self), minCount: 2)
        }
        return filter
    }

    /// Few points, so that the collection does not run empty.
    mutating func selector(_ known: [PointID]) -> PointSelector {
        if random.chance(30) { return .filter(Filter(must: [condition(), condition()])) }
        if known.isEmpty || random.chance(12) { return .ids(ids(3)) }
        return .ids((0..<1 + random.below(6)).map { _ in random.pick(known) })
    }

    // MARK: Updates

    /// - Parameter known: ids of existing points; once in a while one that is not there is taken instead.
    mutating func operation(_ known: [PointID]) -> ModelOperation {
        switch random.below(20) {
        case 0..<8:
            return .upsert(
                (0..<1 + random.below(random.chance(20) ? 60 : 8)).map { _ in
                    ModelPoint(id: id(), vectors: vectors(), payload: payload())
                }, random.chance(20) ? random.pick(UpdateMode.allCases) : .upsert, random.chance(15) ? filter() : nil)
        case 8..<11:
            return .updateVectors(
                (0..<1 + random.below(6)).map { _ in
                    (id: known.isEmpty || random.chance(4) ? id() : random.pick(known), vectors: vectors())
                }, random.chance(15) ? filter() : nil)
        case 11: return .deleteVectors(selector(known), random.chance(50) ? [random.pick(shape.names)] : shape.names)
        case 12, 13: return .deletePoints(random.chance(70) ? .ids(ids(8)) : selector(known))
        case 14, 15: return .setPayload(payload(), selector(known), key: nil)
        case 16:
            return .setPayload(.object([.init("x", .integer(Int64(random.below(6))))]), selector(known), key: "o")
        case 17: return .overwritePayload(payload(), selector(known))
        case 18: return .deletePayload([random.pick(["kind", "n", "price", "tags"]), "sold"], selector(known))
        default: return .clearPayload(selector(known))
        }
    }

    mutating func request(_ known: [PointID]) -> [ModelOperation] {
        (0..<(random.chance(70) ? 1 : 2 + random.below(3))).map { _ in operation(known) }
    }
}
