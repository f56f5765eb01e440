import QuiverModel
import QuiverPayload
import Testing

@Suite("Filters answer as Qdrant 1.19 does")
struct QdrantAnswerTests {
    private static let parts = qdrantAnswers.split(separator: "----\n")
    private static let payloads = parts[0].split(separator: "\n").map(String.init)

    @Test("without an index, and with an index of each type", arguments: [nil] + PayloadIndexType.allCases.map(Optional.init))
    func answers(type: PayloadIndexType?) throws {
        let collection = try SampleCollection()
        try collection.write(Self.payloads.enumerated().map { (UInt32($0.offset), $0.element) })
        if let type {
            for field in ["k", "k[].b", "k[0]"] { try collection.createIndex(field, type) }
            try collection.buildAll()
        }
        for line in Self.parts[1].split(separator: "\n") {
            let columns = line.split(separator: "|", omittingEmptySubsequences: false).map { $0.trimmed }
            let path = try #require(PayloadPath(columns[0]))
            let expected = columns[2].split(separator: " ").compactMap { UInt32($0) }
            let condition = try #require(self.condition(columns[1], path))
            #expect(try collection.slots(Filter(must: [condition])) == expected, "\(line)")
            let rest = (0..<UInt32(Self.payloads.count)).filter { !expected.contains($0) }
            #expect(try collection.slots(Filter(mustNot: [condition])) == rest, "not \(line)")
        }
    }

    private func condition(_ text: String, _ path: PayloadPath) -> Condition? {
        if text == "isEmpty" { return .isEmpty(path) }
        if text == "isNull" { return .isNull(path) }
        let predicates = text.split(separator: "+").compactMap { predicate($0.split(separator: " ").map(String.init)) }
        return .field(FieldCondition(key: path, predicates: predicates))
    }

    private func predicate(_ words: [String]) -> FieldCondition.Predicate? {
        switch (words[0], words.dropFirst().first) {
        case ("fieldEmpty", let wanted): return .isEmpty(wanted == "true")
        case ("fieldNull", let wanted): return .isNull(wanted == "true")
        case ("count", "gte"): return .valuesCount(CountRange(gte: UInt64(words[2])))
        case ("count", "lt"): return .valuesCount(CountRange(lt: UInt64(words[2])))
        case ("match", "int"): return .match(.integer(Int64(words[2]) ?? 0))
        case ("match", "string"): return .match(.string(words[2]))
        case ("match", nil): return .match(.string("x"))
        case ("except", "int"): return .matchExcept(.integers(words.dropFirst(2).compactMap { Int64($0) }))
        case ("except", "string"): return .matchExcept(.strings(Array(words.dropFirst(2))))
        case ("any", "string"): return .matchAny(.strings(Array(words.dropFirst(2))))
        case ("range", nil): return .range(NumberRange())
        case ("range", "gte"): return .range(NumberRange(gte: Double(words[2])))
        case ("range", "gt"): return .range(NumberRange(gt: Double(words[2])))
        case ("dates", nil): return .datetimeRange(DatetimeRange())
        case ("dates", "lt"): return .datetimeRange(DatetimeRange(lt: Timestamp(words[2])))
        default: return nil
        }
    }
}

extension Substring {
    fileprivate var trimmed: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
