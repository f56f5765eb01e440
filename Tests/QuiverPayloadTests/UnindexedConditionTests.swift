import QuiverModel
import QuiverPayload
import Testing

@Suite("Conditions without an index")
struct UnindexedConditionTests {
    private func first(_ filter: Filter, _ schema: [String: PayloadIndexParams] = [:]) -> UnindexedCondition? {
        UnindexedCondition.first(in: filter) { schema[$0.text] }
    }

    private func field(_ key: String, _ predicate: FieldCondition.Predicate) throws -> Condition {
        .field(FieldCondition(key: try #require(PayloadPath(key)), predicate))
    }

    @Test("name the types that would do, sorted and once")
    func types() throws {
        let uuid = "550e8400-e29b-41d4-a716-446655440000"
        let point = GeoPoint(lon: 0, lat: 0)
        let cases: [(FieldCondition.Predicate, [String])] = [
            (.match(.string("x")), ["keyword"]), (.match(.string(uuid)), ["keyword", "uuid"]),
            (.match(.integer(1)), ["integer"]), (.match(.bool(true)), ["bool"]),
            (.matchAny(.strings([uuid])), ["keyword", "uuid"]), (.matchAny(.strings([uuid, "x"])), ["keyword"]),
            (.matchExcept(.integers([1])), ["integer"]), (.matchText("x"), ["text"]), (.matchTextAny("x"), ["text"]),
            (.matchPhrase("x"), ["text (with phrase_matching: true)"]), (.matchPrefix("x"), ["keyword"]),
            (.range(NumberRange(gt: 1)), ["float", "integer"]), (.datetimeRange(DatetimeRange()), ["datetime"]),
            (.geoRadius(GeoRadius(center: point, radius: 1)), ["geo"]),
        ]
        for (predicate, expected) in cases {
            let found = first(Filter(must: [try field("k", predicate)]))
            #expect(found?.key.text == "k" && found?.indexTypes == expected, "\(predicate)")
        }
        let all = ["bool", "datetime", "float", "geo", "integer", "keyword", "text", "text (with phrase_matching: true)", "uuid"]
        #expect(first(Filter(must: [try field("k", .valuesCount(CountRange(gt: 1)))]))?.indexTypes == all)
        #expect(first(Filter(must: [.isEmpty(try #require(PayloadPath("k")))]))?.indexTypes == all)
    }

    @Test("are found in the order of clauses, and at their whole path")
    func order() throws {
        let a = try field("a", .match(.integer(1)))
        let b = try field("b", .match(.integer(1)))
        #expect(first(Filter(should: [a], mustNot: [b]))?.key.text == "b")
        #expect(first(Filter(must: [.hasID([.number(1)]), .filter(Filter(should: [a])), b]))?.key.text == "a")
        let nested = Condition.nested(try #require(PayloadPath("n")), Filter(must: [a]))
        #expect(first(Filter(must: [nested]))?.key.text == "n[].a")
        #expect(first(Filter(must: [nested]), ["n[].a": PayloadIndexParams(type: .integer)]) == nil)
        #expect(first(Filter(must: [try field("a", .matchAny(.strings([])))])) == nil)
        #expect(first(Filter(must: [.slice(total: 2, index: 0), .hasVector("v")])) == nil)
    }

    @Test("depend on the options of the index")
    func options() throws {
        var params = PayloadIndexParams(type: .integer, givenAsObject: true)
        params.lookup = false
        let match = Filter(must: [try field("a", .match(.integer(1)))])
        let range = Filter(must: [try field("a", .range(NumberRange(gt: 1)))])
        #expect(first(match, ["a": params]) != nil)
        #expect(first(range, ["a": params]) == nil)
        let prefix = Filter(must: [try field("a", .matchPrefix("x"))])
        params = PayloadIndexParams(type: .keyword, givenAsObject: true)
        #expect(first(prefix, ["a": params]) != nil)
        params.prefix = true
        #expect(first(prefix, ["a": params]) == nil)
        let phrase = Filter(must: [try field("a", .matchPhrase("x"))])
        params = PayloadIndexParams(type: .text, givenAsObject: true)
        #expect(first(phrase, ["a": params]) != nil)
        params.phraseMatching = true
        #expect(first(phrase, ["a": params]) == nil)
        #expect(first(match, ["a": PayloadIndexParams(type: .keyword)])?.indexTypes == ["integer"])
    }

    @Test("are found in formulas, too")
    func formulas() throws {
        let path = try #require(PayloadPath("a"))
        let expression = ScoreExpression.sum([
            .variable(.score(prefetch: 0)), .decay(ScoreDecay(.linear, x: .variable(.payload(path)))),
        ])
        #expect(UnindexedCondition.first(in: expression) { _ in nil }?.indexTypes == ["float", "integer"])
        #expect(UnindexedCondition.first(in: expression) { _ in PayloadIndexParams(type: .integer) } == nil)
        #expect(UnindexedCondition.first(in: ScoreExpression.datetimeKey(path)) { _ in nil }?.indexTypes == ["datetime"])
    }
}
