import QuiverModel

/// Random payloads and filters over the same few fields and values, so that they meet.
struct RandomSamples {
    var random: SeededGenerator

    static let keys = ["a", "b", "c", "d e", "é"]
    static let long = String(repeating: "long value ", count: 60)
    static let strings = [
        "x", "y", "", "zebra", "日本語", "é", "e\u{301}", "quote\"d", "back\\slash", "line\nbreak", "😀",
        "2020-01-01", "2020-01-01T00:00:00Z", "2020-01-01T02:00:00+02:00", "1999-12-31 23:59:59.5",
        "550e8400-e29b-41d4-a716-446655440000", "550E8400-E29B-41D4-A716-446655440000",
        "550e8400e29b41d4a716446655440000", long, long + "1", long + "2",
        "red apple", "Red apples, green pear", "apple red apple", "green", "the red", "  ", "!?", "日本 red", "pearl",
        String(repeating: "w", count: 500) + "a red", String(repeating: "w", count: 500) + "b",
    ]
    static let queries = [
        "red", "red apple", "apple red", "RED", "green pear", "", " ", "!?", "missing red", "pea", "the", "le", "w",
        "apple red apple", "line\nbreak", "é", String(repeating: "w", count: 500) + "a", String(repeating: "w", count: 496),
        "long", "long value long", "日本",
    ]
    static let integers: [Int64] = [
        0, 1, 2, -1, 7, 255, 9_007_199_254_740_992, 9_007_199_254_740_993, -9_007_199_254_740_993, .max, .min,
    ]
    static let doubles = [
        "0.0", "-0.0", "1.0", "2.5", "-1.5e3", "1e300", "9007199254740993.0", "0.1", "-0", "18446744073709551616", "1E2",
        "0.1000000000000000055511151231257827", "123456789.123456789e-30",
    ]
    static let paths = [
        "a", "b", "c", "\"d e\"", "é", "a[]", "a.b", "a[].b", "b.a", "b[].a", "b[].a[]", "a[0]", "a[1].b", "c[][]", "b.c.a",
        "missing",
    ].compactMap { PayloadPath($0) }

    mutating func scalar() -> Sample {
        switch random.below(12) {
        case 0: .null
        case 1: .bool(random.chance(50))
        case 2...5: .string(random.pick(Self.strings))
        case 6...8: .integer(random.pick(Self.integers))
        case 9: .unsigned(random.pick([UInt64(Int64.max) + 1, .max]))
        default: .double(random.pick(Self.doubles))
        }
    }

    static let coordinates: [Double] = [-180, -179.5, -90, -10, -0.5, 0, 0.5, 5, 10, 10.5, 45, 89.5, 90, 179.5, 180]

    /// Mostly on the map.
    private mutating func placeSample() -> Sample {
        var members: [(key: String, value: Sample)] = []
        for (key, most) in [("lat", 90.0), ("lon", 180.0)] where !random.chance(3) {
            let number = random.pick(Self.coordinates)
            let isOnMap = abs(number) <= most || random.chance(10)
            let text = isOnMap ? "\(number)" : "0.25"
            members.append((key, number == number.rounded() && random.chance(50) ? .integer(Int64(isOnMap ? number : 1)) : .double(text)))
        }
        if random.chance(10) { members.insert(("z", .string("lat")), at: 0) }
        if random.chance(3) { members.append(("lon", .string("5"))) }
        return .object(members)
    }

    mutating func place() -> GeoPoint {
        GeoPoint(
            lon: random.pick(Self.coordinates), lat: random.pick(Self.coordinates.filter { abs($0) <= 90 }))
    }

    private mutating func ring() -> [GeoPoint] {
        var corners: [GeoPoint] = []
        if random.chance(50) {
            let (one, other) = (place(), place())
            corners = [
                one, GeoPoint(lon: other.lon, lat: one.lat), other, GeoPoint(lon: one.lon, lat: other.lat),
            ]
        } else {
            for _ in 0..<3 + random.below(4) { corners.append(place()) }
        }
        return corners + [corners[0]]
    }

    mutating func geo() -> FieldCondition.Predicate {
        switch random.below(3) {
        case 0: return .geoBoundingBox(GeoBoundingBox(topLeft: place(), bottomRight: place()))
        case 1:
            let radii: [Double] = [0, 1, 30_000, 60_000, 1_200_000, 5e6, 1.001e7, 2.1e7, -1]
            return .geoRadius(GeoRadius(center: place(), radius: random.pick(radii)))
        default: return .geoPolygon(GeoPolygon(exterior: ring(), interiors: (0..<random.below(3)).map { _ in ring() }))
        }
    }

    mutating func textOptions() -> PayloadIndexParams {
        var params = PayloadIndexParams(type: .text, givenAsObject: true)
        var options = TextOptions(tokenizer: random.pick([.word, .whitespace, .prefix]))
        if options.tokenizer == .prefix {
            options.minTokenLength = 1 + random.below(3)
            options.maxTokenLength = 3 + random.below(3)
        }
        if random.chance(30) { options.lowercase = false }
        if random.chance(20) { options.minTokenLength = 3 }
        params.text = options
        params.phraseMatching = random.chance(70) ? true : nil
        return params
    }

    mutating func value(_ depth: Int) -> Sample {
        switch random.below(12) {
        case 10, 11:
            random.chance(70) ? placeSample() : .array((0..<random.below(4)).map { _ in placeSample() })
        case 0...5: scalar()
        case 6, 7: .array((0..<random.below(4)).map { _ in depth > 0 ? value(depth - 1) : scalar() })
        default: depth > 0 ? object(depth - 1) : scalar()
        }
    }

    mutating func object(_ depth: Int) -> Sample {
        var members: [(key: String, value: Sample)] = []
        for key in Self.keys.shuffled(using: &random) where random.chance(55) { members.append((key, value(depth))) }
        return .object(members)
    }

    mutating func filter(_ depth: Int) -> Filter {
        var filter = Filter()
        if random.chance(60) { filter.must = conditions(depth) }
        if random.chance(35) { filter.should = conditions(depth) }
        if random.chance(30) { filter.mustNot = conditions(depth) }
        if random.chance(20) {
            // Several equalities on few fields.
            let paths = [random.pick(Self.paths), random.pick(Self.paths)]
            let equalities = (0..<random.below(6)).map { _ in
                Condition.field(FieldCondition(key: random.pick(paths), equality()))
            }
            if random.chance(60) { filter.should += equalities } else { filter.mustNot += equalities }
        }
        if random.chance(15) { filter.minShould = .init(conditions: conditions(depth), minCount: random.below(4)) }
        return filter
    }

    private mutating func conditions(_ depth: Int) -> [Condition] { (0..<random.below(4)).map { _ in condition(depth) } }

    private mutating func condition(_ depth: Int) -> Condition {
        let path = random.pick(Self.paths)
        if random.chance(4) {
            let total = UInt64(1 + random.below(5))
            return .slice(total: total, index: UInt64(random.below(Int(total))))
        }
        switch random.below(depth > 0 ? 14 : 11) {
        case 0: return .isEmpty(path)
        case 1: return .isNull(path)
        case 2: return .hasID(Set((0..<random.below(20)).map { _ in .number(UInt64(random.below(120))) }))
        case 3: return .hasVector(random.pick(["", "v", "unknown"]))
        case 4...10:
            var predicates = [predicate()]
            if random.chance(10) { predicates.append(predicate()) }
            return .field(FieldCondition(key: path, predicates: predicates))
        case 11, 12: return .nested(path, filter(depth - 1))
        default: return .filter(filter(depth - 1))
        }
    }

    private mutating func equality() -> FieldCondition.Predicate {
        switch random.below(4) {
        case 0: .match(.integer(random.pick(Self.integers)))
        case 1: .matchAny(list())
        default: .match(.string(random.pick(Self.strings)))
        }
    }

    private mutating func predicate() -> FieldCondition.Predicate {
        switch random.below(23) {
        case 16, 17: return geo()
        case 18: return .matchText(random.pick(Self.queries + Self.strings))
        case 19: return .matchTextAny(random.pick(Self.queries + Self.strings))
        case 20: return .matchPhrase(random.pick(Self.queries + Self.strings))
        case 21, 22:
            let text = random.pick(Self.strings)
            return .matchPrefix(String(text.prefix(random.below(min(text.count, 500) + 1))))
        case 0...2: return .match(.string(random.pick(Self.strings)))
        case 3: return .match(.integer(random.pick(Self.integers)))
        case 4: return .match(.bool(random.chance(50)))
        case 5: return .matchAny(list())
        case 6, 7: return .matchExcept(list())
        case 8...10:
            var range = NumberRange()
            let bounds = Self.integers.map(Double.init) + [0.5, 2.5, -1500, 1e300, -1e300, 9.3e18, -9.3e18]
            if random.chance(50) { range.gt = random.pick(bounds) }
            if random.chance(40) { range.gte = random.pick(bounds) }
            if random.chance(50) { range.lt = random.pick(bounds) }
            if random.chance(40) { range.lte = random.pick(bounds) }
            return .range(range)
        case 11, 12:
            var range = DatetimeRange()
            let bounds = ["2020-01-01", "1999-12-31 23:59:59.5", "2021-05-05"].compactMap { Timestamp($0) }
            if random.chance(40) { range.gt = random.pick(bounds) }
            if random.chance(40) { range.gte = random.pick(bounds) }
            if random.chance(40) { range.lt = random.pick(bounds) }
            if random.chance(40) { range.lte = random.pick(bounds) }
            return .datetimeRange(range)
        case 13:
            var range = CountRange()
            if random.chance(50) { range.gte = UInt64(random.below(3)) }
            if random.chance(30) { range.gt = UInt64(random.below(3)) }
            if random.chance(50) { range.lt = UInt64(random.below(4)) }
            if random.chance(30) { range.lte = UInt64(random.below(4)) }
            return .valuesCount(range)
        case 14: return .isEmpty(random.chance(50))
        default: return .isNull(random.chance(50))
        }
    }

    private mutating func list() -> MatchList {
        if random.chance(60) { return .strings((0..<random.below(12)).map { _ in random.pick(Self.strings) }) }
        return .integers((0..<random.below(12)).map { _ in random.pick(Self.integers) })
    }
}
