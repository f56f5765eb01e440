import QuiverModel
import QuiverWire
import Testing

@Suite struct FilterTests {
    private func filter(_ text: String) throws -> Filter {
        try #require(try decode(#"{"filter":\#(text)}"#, RequestDecoder.count).filter)
    }

    private func condition(_ text: String) throws -> Condition {
        try #require(try filter(#"{"must":[\#(text)]}"#).must.first)
    }

    private func field(_ predicate: FieldCondition.Predicate) throws -> Condition {
        .field(FieldCondition(key: try path("k"), predicate))
    }

    @Test func readsClausesAsListsAndAsObjects() throws {
        let filter = try filter(
            #"""
            {"must":{"has_id":[1]},"should":[{"has_id":[2]},{"has_vector":"v"}],"must_not":[],
             "min_should":{"conditions":[{"has_id":[3]}],"min_count":1}}
            """#)
        #expect(
            filter
                == Filter(
                    must: [.hasID([1])], should: [.hasID([2]), .hasVector("v")], mustNot: [],
                    minShould: Filter.MinShould(conditions: [.hasID([3])], minCount: 1)))
        #expect(try self.filter(#"{"must":null,"should":null,"must_not":null,"min_should":null}"#).isEmpty)
        #expect(try decode(#"{"filter":null}"#, RequestDecoder.count).filter == nil)
    }

    @Test func readsMatches() throws {
        #expect(try condition(#"{"key":"k","match":{"value":"x"}}"#) == field(.match(.string("x"))))
        #expect(try condition(#"{"key":"k","match":{"value":-9223372036854775808}}"#) == field(.match(.integer(.min))))
        #expect(try condition(#"{"key":"k","match":{"value":false}}"#) == field(.match(.bool(false))))
        #expect(try condition(#"{"key":"k","match":{"any":["a","b"]}}"#) == field(.matchAny(.strings(["a", "b"]))))
        #expect(try condition(#"{"key":"k","match":{"any":[1,-2]}}"#) == field(.matchAny(.integers([1, -2]))))
        #expect(try condition(#"{"key":"k","match":{"any":[]}}"#) == field(.matchAny(.strings([]))))
        #expect(try condition(#"{"key":"k","match":{"except":["a"]}}"#) == field(.matchExcept(.strings(["a"]))))
        #expect(try condition(#"{"key":"k","match":{"except":[5]}}"#) == field(.matchExcept(.integers([5]))))
    }

    @Test func readsRangesAndCounts() throws {
        #expect(
            try condition(#"{"key":"k","range":{"gt":1,"lte":2.5,"gte":null}}"#)
                == field(.range(NumberRange(gt: 1, lte: 2.5))))
        #expect(
            try condition(#"{"key":"k","range":{"gte":"2024-01-01","lt":"2024-01-01T00:00:01Z"}}"#)
                == field(
                    .datetimeRange(
                        DatetimeRange(
                            gte: Timestamp(microsecondsSinceEpoch: 1_704_067_200_000_000),
                            lt: Timestamp(microsecondsSinceEpoch: 1_704_067_201_000_000)))))
        #expect(
            try condition(#"{"key":"k","values_count":{"gt":0,"lt":18446744073709551615}}"#)
                == field(.valuesCount(CountRange(gt: 0, lt: .max))))
    }

    @Test func readsEmptinessInBothForms() throws {
        #expect(try condition(#"{"is_empty":{"key":"k"}}"#) == .isEmpty(path("k")))
        #expect(try condition(#"{"is_null":{"key":"k"}}"#) == .isNull(path("k")))
        #expect(try condition(#"{"key":"k","is_empty":true}"#) == field(.isEmpty(true)))
        #expect(try condition(#"{"key":"k","is_null":false}"#) == field(.isNull(false)))
    }

    @Test func keepsSeveralPredicatesOfOneField() throws {
        #expect(
            try condition(#"{"key":"k","match":{"value":1},"range":{"gt":0},"unknown":1,"geo_radius":null}"#)
                == .field(
                    FieldCondition(
                        key: path("k"), predicates: [.match(.integer(1)), .range(NumberRange(gt: 0))])))
    }

    @Test func readsNestedConditions() throws {
        let filter = try filter(
            #"{"must":[{"nested":{"key":"a[].b","filter":{"must_not":[{"has_id":["936da01f9abd4d9d80c702af85c822a8"]}]}}},{"should":[{"must":[]}]}]}"#)
        let id = try #require(PointUUID("936da01f9abd4d9d80c702af85c822a8"))
        #expect(
            try filter.must == [
                .nested(path("a[].b"), Filter(mustNot: [.hasID([.uuid(id)])])),
                .filter(Filter(should: [.filter(Filter())])),
            ])
    }
}
