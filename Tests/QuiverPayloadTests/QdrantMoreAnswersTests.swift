import QuiverModel
import QuiverPayload
import Testing

@Suite("Texts, places and slices match as in Qdrant 1.19")
struct QdrantMoreAnswersTests {
    private static let texts = qdrantTextAnswers.split(separator: "----\n")
    private static let places = qdrantPlaceAnswers.split(separator: "----\n")

    private func payloads(_ text: Substring) -> [(slot: UInt32, text: String?)] {
        text.split(separator: "\n").enumerated().map { (UInt32($0.offset), String($0.element)) }
    }

    @Test("texts, with and without a text index", arguments: ["none", "text", "phrases"], [nil, PayloadIndexType.keyword, .geo])
    func texts(index: String, other: PayloadIndexType?) throws {
        let collection = try SampleCollection()
        try collection.write(payloads(Self.texts[0]))
        if index != "none" {
            var params = PayloadIndexParams(type: .text, givenAsObject: true)
            params.phraseMatching = index == "phrases"
            try collection.createIndex("t", params)
        } else if let other {
            try collection.createIndex("t", other)
        }
        try collection.buildAll()
        for line in Self.texts[1].split(separator: "\n") where line.hasPrefix(index) {
            let columns = line.split(separator: "|", omittingEmptySubsequences: false).map { $0.dropFirst().dropLast() }
            let query = String(columns[3])
            let predicate: FieldCondition.Predicate =
                switch columns[2] {
                case "text": .matchText(query)
                case "any": .matchTextAny(query)
                case "phrase": .matchPhrase(query)
                default: .matchPrefix(query)
                }
            let path = try #require(PayloadPath(String(columns[1])))
            let condition = Condition.field(FieldCondition(key: path, predicate))
            let expected = line.split(separator: "|").last?.split(separator: " ").compactMap { UInt32($0) }
            #expect(try collection.slots(Filter(must: [condition])) == expected, "\(line)")
        }
    }

    @Test("places, with and without an index", arguments: [nil] + PayloadIndexType.allCases.map(Optional.init))
    func places(type: PayloadIndexType?) throws {
        let collection = try SampleCollection()
        let samples = payloads(Self.places[0])
        try collection.write(samples)
        if let type { try collection.createIndex("g", type) }
        try collection.buildAll()
        let path = try #require(PayloadPath("g"))
        for line in Self.places[1].split(separator: "\n") {
            let columns = line.split(separator: "|", omittingEmptySubsequences: false)
            let rings = columns[1].split(separator: ";").map { $0.split(separator: " ").compactMap { Double($0) } }
            let numbers = rings[0]
            let predicate: FieldCondition.Predicate =
                switch columns[0].first {
                case "b":
                    .geoBoundingBox(GeoBoundingBox(
                        topLeft: GeoPoint(lon: numbers[0], lat: numbers[1]),
                        bottomRight: GeoPoint(lon: numbers[2], lat: numbers[3])))
                case "r":
                    .geoRadius(GeoRadius(center: GeoPoint(lon: numbers[0], lat: numbers[1]), radius: numbers[2]))
                default:
                    .geoPolygon(GeoPolygon(exterior: corners(rings[0]), interiors: rings.dropFirst().map(corners)))
                }
            let condition = Condition.field(FieldCondition(key: path, predicate))
            let expected = columns[2].split(separator: " ").compactMap { UInt32($0) }
            #expect(try collection.slots(Filter(must: [condition])) == expected, "\(line)")
            let rest = samples.map(\.slot).filter { !expected.contains($0) }
            #expect(try collection.slots(Filter(mustNot: [condition])) == rest, "not \(line)")
        }
    }

    private func corners(_ numbers: [Double]) -> [GeoPoint] {
        stride(from: 0, to: numbers.count - 1, by: 2).map { GeoPoint(lon: numbers[$0], lat: numbers[$0 + 1]) }
    }

    @Test("slices of numbers and UUIDs")
    func slices() throws {
        for line in qdrantSliceAnswers.split(separator: "\n") {
            let columns = line.split(separator: "|")
            let part = columns[0].split(separator: " ").compactMap { UInt64($0) }
            for id in columns[1].split(separator: " ") {
                let point = UInt64(id).map(PointID.number) ?? PointUUID(String(id)).map(PointID.uuid)
                #expect(IDSlice(total: part[0], index: part[1]).contains(try #require(point)), "\(line)")
            }
        }
    }
}
