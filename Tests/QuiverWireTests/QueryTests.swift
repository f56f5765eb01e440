import QuiverModel
import QuiverWire
import Testing

@Suite struct QueryTests {
    @Test func anEmptyQueryHasQdrantsDefaults() throws {
        let request = try decode("{}", RequestDecoder.query)
        #expect(request.query == nil && request.filter == nil && request.lookupFrom == nil)
        #expect(request.limit == 10 && request.offset == 0 && request.using.isEmpty)
        #expect(request.withPayload == .none && request.withVectors == .none)
        #expect(request.params == SearchParams() && request.scoreThreshold == nil)
    }

    /// No answer reaches the window, so a limit ends there and is not refused.
    @Test(arguments: [
        (#"{"limit":18446744073709551615}"#, 10_000_000, 0), (#"{"limit":9999999,"offset":2}"#, 9_999_998, 2),
    ])
    func limitsEndWithTheWindow(body: String, limit: Int, offset: Int) throws {
        let request = try decode(body, RequestDecoder.query)
        #expect(request.limit == limit && request.offset == offset)
    }

    @Test func readsEveryField() throws {
        let request = try decode(
            #"""
            {"query":{"nearest":[1,2.5]},"using":"image","filter":{"must":[{"has_id":[1]}]},
             "params":{"hnsw_ef":77,"exact":true,"indexed_only":true,"quantization":{"ignore":true,"rescore":false,"oversampling":2.0},"acorn":{"enable":false,"max_selectivity":0.4},"idf":null},
             "score_threshold":0.25,"limit":3,"offset":4,"with_payload":["a","b.c"],"with_vector":["image"],
             "lookup_from":{"collection":"other","vector":"v"},"prefetch":[],"shard_key":null,"unknown":1}
            """#, RequestDecoder.query)
        #expect(request.query?.nearest == .dense([1, 2.5]))
        #expect(request.using == "image")
        #expect(request.filter == Filter(must: [.hasID([1])]))
        #expect(
            request.params
                == SearchParams(
                    hnswEf: 77, exact: true, indexedOnly: true,
                    quantization: QuantizationSearchParams(ignore: true, rescore: false, oversampling: 2),
                    acorn: ACORNParams()))
        #expect(request.scoreThreshold == 0.25 && request.limit == 3 && request.offset == 4)
        #expect(try request.withPayload == .include([path("a"), path("b.c")]))
        #expect(request.withVectors == .names(["image"]))
        #expect(request.lookupFrom == LookupLocation(collection: "other", vector: "v"))
    }

    @Test func aBareQueryIsAVectorOrAnID() throws {
        let uuid = try #require(PointUUID("936da01f-9abd-4d9d-80c7-02af85c822a8"))
        #expect(try decode(#"{"query":[1,2]}"#, RequestDecoder.query).query?.nearest == .dense([1, 2]))
        #expect(try decode(#"{"query":5}"#, RequestDecoder.query).query?.nearest == .id(5))
        #expect(
            try decode(#"{"query":18446744073709551615}"#, RequestDecoder.query).query?.nearest == .id(.number(.max)))
        #expect(
            try decode(#"{"query":"936da01f-9abd-4d9d-80c7-02af85c822a8"}"#, RequestDecoder.query).query?.nearest
                == .id(.uuid(uuid)))
        #expect(try decode(#"{"query":{"nearest":7}}"#, RequestDecoder.query).query?.nearest == .id(7))
        #expect(
            try decode(#"{"query":[18446744073709551615,1]}"#, RequestDecoder.query).query?.nearest
                == .dense([18446744073709551615, 1]))
    }

    @Test func readsRecommendations() throws {
        let input = try #require(
            try decode(
                #"{"query":{"recommend":{"positive":[1,[0.5,1],"936da01f9abd4d9d80c702af85c822a8"],"negative":[2,3],"strategy":"best_score"}}}"#,
                RequestDecoder.query
            ).query?.recommend)
        let uuid = try #require(PointUUID("936da01f9abd4d9d80c702af85c822a8"))
        #expect(input.positive == [.id(1), .dense([0.5, 1]), .id(.uuid(uuid))])
        #expect(input.negative == [.id(2), .id(3)])
        #expect(input.strategy == .bestScore)
        let plain = try decode(#"{"query":{"recommend":{"positive":[1]}}}"#, RequestDecoder.query).query?.recommend
        #expect(plain?.strategy == .averageVector)
    }

    @Test(arguments: [
        (#""price""#, OrderBy.Direction.ascending, OrderBy.Start?.none),
        (#"{"key":"price","direction":"desc","start_from":-5}"#, .descending, .integer(-5)),
        (#"{"key":"price","direction":null,"start_from":1.5}"#, .ascending, .float(1.5)),
        (
            #"{"key":"price","start_from":"1970-01-01T00:00:01Z"}"#, .ascending,
            .datetime(Timestamp(microsecondsSinceEpoch: 1_000_000))
        ),
    ])
    func readsOrderBy(_ text: String, _ direction: OrderBy.Direction, _ start: OrderBy.Start?) throws {
        let expected = try OrderBy(key: path("price"), direction: direction, startFrom: start)
        #expect(try decode(#"{"query":{"order_by":\#(text)}}"#, RequestDecoder.query).query?.orderBy == expected)
        #expect(try decode(#"{"order_by":\#(text)}"#, RequestDecoder.scroll).orderBy == expected)
    }

    @Test(arguments: [
        ("true", PayloadSelector.all), ("false", .none), ("null", .none), ("[]", .include([])),
    ])
    func readsPayloadSelectors(_ text: String, _ selector: PayloadSelector) throws {
        #expect(try decode(#"{"with_payload":\#(text)}"#, RequestDecoder.query).withPayload == selector)
    }

    @Test func readsPayloadInclusionAndExclusion() throws {
        #expect(
            try decode(#"{"with_payload":{"include":["a[].b"]}}"#, RequestDecoder.query).withPayload
                == .include([path("a[].b")]))
        #expect(
            try decode(#"{"with_payload":{"exclude":["a","c"]}}"#, RequestDecoder.query).withPayload
                == .exclude([path("a"), path("c")]))
    }

    @Test func bothNamesOfTheVectorSelectorAreRead() throws {
        #expect(try decode(#"{"with_vector":true}"#, RequestDecoder.query).withVectors == .all)
        #expect(try decode(#"{"with_vectors":true}"#, RequestDecoder.query).withVectors == .all)
        #expect(try decode(#"{"with_vectors":false}"#, RequestDecoder.scroll).withVectors == .none)
        #expect(try decode(#"{"ids":[],"with_vectors":["a"]}"#, RequestDecoder.retrieve).withVectors == .names(["a"]))
    }

    @Test func readsBatchesAndGroups() throws {
        let batch = try decode(#"{"searches":[{"query":1},{"limit":2}]}"#, RequestDecoder.queryBatch)
        #expect(batch.map(\.limit) == [10, 2])
        let groups = try decode(
            #"{"query":1,"group_by":"brand","with_payload":true,"with_lookup":{"collection":"b","with_payload":false,"with_vectors":["v"]}}"#,
            RequestDecoder.queryGroups)
        #expect(try groups.groupBy == path("brand"))
        #expect(groups.groupSize == 3 && groups.limit == 10)
        #expect(groups.query.withPayload == .all && groups.query.query?.nearest == .id(1))
        #expect(groups.withLookup?.collection == "b" && groups.withLookup?.withPayload == PayloadSelector.none)
        #expect(groups.withLookup?.withVectors == .names(["v"]))
        let short = try decode(
            #"{"query":1,"group_by":"brand","group_size":1,"limit":2,"with_lookup":"b"}"#, RequestDecoder.queryGroups)
        #expect(short.groupSize == 1 && short.limit == 2 && short.withLookup?.withPayload == .all)
    }

    @Test func readsScrollsCountsAndRetrievals() throws {
        let scroll = try decode(#"{"limit":5,"offset":7,"with_payload":false}"#, RequestDecoder.scroll)
        #expect(scroll.limit == 5 && scroll.offset == 7 && scroll.withPayload == .none)
        let plain = try decode(#"{"offset":null,"order_by":null}"#, RequestDecoder.scroll)
        #expect(plain.limit == 10 && plain.offset == nil && plain.withPayload == .all && plain.withVectors == .none)
        #expect(try decode("{}", RequestDecoder.count).exact)
        #expect(try !decode(#"{"exact":false}"#, RequestDecoder.count).exact)
        let retrieve = try decode(#"{"ids":[1,2]}"#, RequestDecoder.retrieve)
        #expect(retrieve.ids == [1, 2] && retrieve.withPayload == .all && retrieve.withVectors == .none)
    }

    @Test func legacySearchesBecomeQueries() throws {
        let search = try decode(#"{"vector":[1,2],"top":4,"offset":1,"with_payload":true}"#, RequestDecoder.search)
        #expect(search.query?.nearest == .dense([1, 2]))
        #expect(search.limit == 4 && search.offset == 1 && search.using.isEmpty && search.withPayload == .all)
        let named = try decode(
            #"{"vector":{"name":"image","vector":[1]},"limit":1,"score_threshold":0.5}"#, RequestDecoder.search)
        #expect(named.using == "image" && named.query?.nearest == .dense([1]) && named.scoreThreshold == 0.5)
        #expect(
            try decode(#"{"searches":[{"vector":[1],"limit":1}]}"#, RequestDecoder.searchBatch).map(\.limit) == [1])
        let groups = try decode(
            #"{"vector":[1],"limit":2,"group_size":3,"group_by":"a"}"#, RequestDecoder.searchGroups)
        #expect(groups.limit == 2 && groups.groupSize == 3)
    }

    @Test func legacyRecommendationsBecomeQueries() throws {
        let request = try decode(
            #"{"positive":[1,[0.5]],"negative":[2],"strategy":"sum_scores","using":"v","limit":2,"lookup_from":{"collection":"c"}}"#,
            RequestDecoder.recommend)
        let input = try #require(request.query?.recommend)
        #expect(input.positive == [.id(1), .dense([0.5])] && input.negative == [.id(2)])
        #expect(input.strategy == .sumScores && request.using == "v" && request.limit == 2)
        #expect(request.lookupFrom == LookupLocation(collection: "c"))
        #expect(
            try decode(#"{"searches":[{"positive":[1],"limit":6}]}"#, RequestDecoder.recommendBatch).map(\.limit) == [6])
        let groups = try decode(
            #"{"positive":[1],"limit":2,"group_size":1,"group_by":"a"}"#, RequestDecoder.recommendGroups)
        #expect(groups.limit == 2 && groups.groupSize == 1)
    }
}
