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

    @Test func readsTexts() throws {
        #expect(try condition(#"{"key":"k","match":{"text":"a b"}}"#) == field(.matchText("a b")))
        #expect(try condition(#"{"key":"k","match":{"text_any":""}}"#) == field(.matchTextAny("")))
        #expect(try condition(#"{"key":"k","match":{"phrase":"a"}}"#) == field(.matchPhrase("a")))
        #expect(try condition(#"{"key":"k","match":{"prefix":"é"}}"#) == field(.matchPrefix("é")))
        for kind in ["text", "text_any", "phrase", "prefix"] {
            let error = fault(#"{"filter":{"must":{"key":"k","match":{"\#(kind)":1}}}}"#, RequestDecoder.count)
            #expect(error.message.hasPrefix("Format error in JSON body: invalid type: integer `1`, expected a string"))
        }
    }

    @Test func readsPlaces() throws {
        let (south, north) = (GeoPoint(lon: -180, lat: -90), GeoPoint(lon: 180, lat: 90))
        #expect(
            try condition(#"{"key":"k","geo_bounding_box":{"top_left":{"lon":180,"lat":90},"bottom_right":{"lat":-90.0,"lon":-180}}}"#)
                == field(.geoBoundingBox(GeoBoundingBox(topLeft: north, bottomRight: south))))
        #expect(
            try condition(#"{"key":"k","geo_radius":{"center":{"lon":1,"lat":2.5},"radius":1000.5}}"#)
                == field(.geoRadius(GeoRadius(center: GeoPoint(lon: 1, lat: 2.5), radius: 1000.5))))
        let ring = [GeoPoint(lon: 0, lat: 0), GeoPoint(lon: 2, lat: 0), GeoPoint(lon: 0, lat: 2), GeoPoint(lon: 0, lat: 0)]
        let text = #"{"points":[{"lon":0,"lat":0},{"lon":2,"lat":0},{"lon":0,"lat":2},{"lon":0,"lat":0}]}"#
        #expect(
            try condition(#"{"key":"k","geo_polygon":{"exterior":\#(text)}}"#) == field(.geoPolygon(GeoPolygon(exterior: ring))))
        #expect(
            try condition(#"{"key":"k","geo_polygon":{"exterior":\#(text),"interiors":[\#(text)]}}"#)
                == field(.geoPolygon(GeoPolygon(exterior: ring, interiors: [ring]))))
    }

    @Test(arguments: [
        (#"{"geo_radius":{"center":{"lon":200,"lat":0},"radius":1}}"#, "Wrong format of GeoPoint payload: expected `lat` = 0 within [-90;90] and `lon` = 200 within [-180;180]"),
        (#"{"geo_radius":{"center":{"lon":0,"lat":-90.5},"radius":1}}"#, "Wrong format of GeoPoint payload: expected `lat` = -90.5 within [-90;90] and `lon` = 0 within [-180;180]"),
        (#"{"geo_radius":{"center":{"lon":0,"lat":0}}}"#, "missing field `radius`"),
        (#"{"geo_bounding_box":{"top_left":{"lon":0,"lat":0}}}"#, "missing field `bottom_right`"),
        (#"{"geo_radius":{"center":{"lon":0},"radius":1}}"#, "missing field `lat`"),
        (#"{"geo_polygon":{"exterior":{"points":[]}}}"#, "polygon invalid, the size must be at least 4, got 0"),
        (#"{"geo_polygon":{"exterior":{"points":[{"lon":0,"lat":0},{"lon":1,"lat":0},{"lon":0,"lat":0}]}}}"#, "polygon invalid, the size must be at least 4, got 3"),
        (#"{"geo_polygon":{"exterior":{"points":[{"lon":0,"lat":0},{"lon":1,"lat":0},{"lon":1,"lat":1},{"lon":0,"lat":1}]}}}"#, "polygon invalid, the first and the last points should be the same to form a closed line"),
        (#"{"geo_polygon":{}}"#, "missing field `exterior`"),
    ])
    func placesOutOfBoundsAreMalformed(_ predicate: String, _ text: String) {
        let body = #"{"filter":{"must":[{"key":"k",\#(predicate.dropFirst())]}}"#
        let error = fault(body, RequestDecoder.count)
        #expect(error.status == 400 && error.message.hasPrefix("Format error in JSON body: \(text) at line 1"), "\(error)")
    }

    @Test func readsSlices() throws {
        #expect(try condition(#"{"slice":{"total":4,"index":3}}"#) == .slice(total: 4, index: 3))
        #expect(
            try condition(#"{"slice":{"total":4294967295,"index":4294967294}}"#) == .slice(total: 4_294_967_295, index: 4_294_967_294))
        for slice in [#"{"total":0,"index":0}"#, #"{"total":4294967296,"index":0}"#, #"{"total":2,"index":-1}"#, #"{"total":2}"#, "1"] {
            let error = fault(#"{"filter":{"must":[{"slice":\#(slice)}]}}"#, RequestDecoder.count)
            #expect(error.status == 400 && error.message.hasPrefix("Format error in JSON body: "), "\(error)")
        }
    }
}
