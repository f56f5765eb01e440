public import QuiverModel

/// A filter of the sample's indexed fields, and the same question about a payload as plain JSON.
public struct FormatQuestion: Sendable {
    public var name: String
    public var filter: Filter
    public var holds: @Sendable (PlainJSON) -> Bool

    private init?(
        _ name: String, _ key: String, _ predicate: FieldCondition.Predicate, _ holds: @escaping @Sendable (PlainJSON?) -> Bool
    ) {
        guard let path = PayloadPath(key) else { return nil }
        self.name = name
        filter = Filter(must: [.field(FieldCondition(key: path, predicate))])
        self.holds = { holds($0[key]) }
    }

    private static func number(_ json: PlainJSON?) -> Double { json?.asNumber ?? .nan }

    private static func text(_ json: PlainJSON?) -> String {
        if case .string(let text)? = json { text } else { "" }
    }

    public static let all: [FormatQuestion] = [
        FormatQuestion("color is red", "color", .match(.string("red"))) { $0 == .string("red") },
        FormatQuestion("n from 10 to below 40", "n", .range(NumberRange(gte: 10, lt: 40))) {
            number($0) >= 10 && number($0) < 40
        },
        FormatQuestion("price above 3", "price", .range(NumberRange(gt: 3))) { number($0) > 3 },
        FormatQuestion("even", "even", .match(.bool(true))) { $0 == .bool(true) },
        FormatQuestion("day before 15 January", "day", .datetimeRange(DatetimeRange(lt: Timestamp("2024-01-15T00:00:00Z")))) {
            let text = text($0)
            return !text.isEmpty && text < "2024-01-15"
        },
        FormatQuestion("u ends with 19", "u", .match(.string("550e8400-e29b-41d4-a716-446655440019"))) {
            text($0).hasSuffix("0019")
        },
        FormatQuestion(
            "place in the south-west", "place",
            .geoBoundingBox(GeoBoundingBox(topLeft: GeoPoint(lon: -1, lat: 20.5), bottomRight: GeoPoint(lon: 30.5, lat: -1)))
        ) { number($0?["lon"]) < 30.5 && number($0?["lat"]) < 20.5 },
        FormatQuestion("text has number3", "text", .matchText("number3")) { text($0).hasSuffix("number3") },
        // Not indexed.
        FormatQuestion("kind is other", "kind", .match(.string("other"))) { $0 == .string("other") },
    ].compactMap { $0 }

    public static let indexes: [(field: String, type: PayloadIndexType)] = [
        ("color", .keyword), ("n", .integer), ("price", .float), ("even", .bool), ("day", .datetime), ("u", .uuid),
        ("place", .geo), ("text", .text),
    ]
}
