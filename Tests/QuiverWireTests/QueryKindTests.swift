import QuiverModel
import QuiverWire
import Testing

/// Every kind of query, and what it is made of.
@Suite struct QueryKindTests {
    private func query(_ text: String) throws -> Query {
        try #require(try decode(#"{"query":\#(text)}"#, RequestDecoder.query).query)
    }

    @Test(arguments: [
        (#"{"nearest":[1,2],"mmr":{}}"#, MMRParams()),
        (#"{"nearest":[1,2],"mmr":{"diversity":0.25,"candidates_limit":16384}}"#, MMRParams(diversity: 0.25, candidatesLimit: 16384)),
        (#"{"nearest":[1,2],"mmr":{"diversity":1,"candidates_limit":0}}"#, MMRParams(diversity: 1, candidatesLimit: 0)),
    ])
    func readsDiverseQueries(_ text: String, _ params: MMRParams) throws {
        guard case .diverse(let input, let read) = try query(text) else {
            Issue.record("another kind")
            return
        }
        #expect(input == .dense([1, 2]) && read == params)
    }

    @Test func mmrMayBeNull() throws {
        #expect(try query(#"{"nearest":3,"mmr":null}"#).nearest == .id(3))
    }

    @Test func readsDiscoveriesAndContexts() throws {
        let pair = #"{"positive":1,"negative":[0.5]}"#
        for (context, count) in [("[]", 0), ("null", 0), ("[\(pair)]", 1), (pair, 1), ("[\(pair),\(pair)]", 2)] {
            guard case .discover(let input) = try query(#"{"discover":{"target":[1,2],"context":\#(context)}}"#) else {
                Issue.record("another kind")
                return
            }
            #expect(input.target == .dense([1, 2]) && input.context.count == count)
            #expect(input.context.allSatisfy { $0.positive == .id(1) && $0.negative == .dense([0.5]) })
            guard case .context(let pairs) = try query(#"{"context":\#(context)}"#) else {
                Issue.record("another kind")
                return
            }
            #expect(pairs.count == count)
        }
    }

    @Test func readsRelevanceFeedback() throws {
        guard
            case .relevanceFeedback(let input) = try query(
                #"{"relevance_feedback":{"target":[1],"feedback":[{"example":7,"score":0.5},{"example":[2],"score":-1}],"strategy":{"naive":{"a":1,"b":0.5,"c":-2}}}}"#)
        else {
            Issue.record("another kind")
            return
        }
        #expect(input.target == .dense([1]))
        #expect(input.feedback.map(\.example) == [.id(7), .dense([2])] && input.feedback.map(\.score) == [0.5, -1])
        #expect(input.strategy == FeedbackInput.NaiveStrategy(a: 1, b: 0.5, c: -2))
    }

    @Test(arguments: [
        (#"{"fusion":"rrf"}"#, Fusion.rrf(k: nil, weights: nil)), (#"{"fusion":"dbsf"}"#, .dbsf),
        (#"{"rrf":{}}"#, .rrf(k: nil, weights: nil)), (#"{"rrf":{"k":60,"weights":null}}"#, .rrf(k: 60, weights: nil)),
        (#"{"rrf":{"k":1,"weights":[1,0.5,-1]}}"#, .rrf(k: 1, weights: [1, 0.5, -1])),
    ])
    func readsFusions(_ text: String, _ fusion: Fusion) throws {
        guard case .fusion(let read) = try query(text) else {
            Issue.record("another kind")
            return
        }
        #expect(read == fusion)
    }

    @Test func readsSamples() throws {
        guard case .sample(.random) = try query(#"{"sample":"random"}"#) else {
            Issue.record("another kind")
            return
        }
    }

    // MARK: Prefetches

    @Test func readsPrefetchesAsObjectsAndLists() throws {
        let request = try decode(
            #"""
            {"prefetch":{"prefetch":[{"query":[1],"using":"a","limit":3,"score_threshold":0.5,"params":{"exact":true}},{}],
                         "query":{"fusion":"rrf"},"filter":{"must":{"has_id":[1]}}},
             "query":5,"using":"b","lookup_from":{"collection":"c"}}
            """#, RequestDecoder.query)
        #expect(request.query?.nearest == .id(5) && request.using == "b" && request.prefetch.count == 1)
        let outer = try #require(request.prefetch.first)
        #expect(outer.limit == 10 && outer.filter == Filter(must: [.hasID([1])]) && outer.prefetch.count == 2)
        let inner = outer.prefetch[0]
        #expect(inner.query?.nearest == .dense([1]) && inner.using == "a" && inner.limit == 3)
        #expect(inner.scoreThreshold == 0.5 && inner.params.exact && inner.lookupFrom == nil)
        #expect(outer.prefetch[1].query == nil)
        for empty in ["null", "[]"] {
            #expect(try decode(#"{"prefetch":\#(empty)}"#, RequestDecoder.query).prefetch.isEmpty)
        }
        let groups = try decode(
            #"{"prefetch":[{"query":[1]},{"query":2}],"query":{"fusion":"dbsf"},"group_by":"a"}"#, RequestDecoder.queryGroups)
        #expect(groups.query.prefetch.count == 2)
    }

    private func nested(_ depth: Int) -> String {
        var text = #"{"query":[1]}"#
        for _ in 0..<depth { text = #"{"query":[1],"prefetch":\#(text)}"# }
        return text
    }

    @Test func prefetchesAreAtMost64Deep() throws {
        _ = try decode(nested(64), RequestDecoder.query)
        #expect(
            fault(nested(65), RequestDecoder.query)
                == WireError(status: 400, message: "Bad request: prefetches depth 65 exceeds max depth 64"))
        #expect(fault(nested(200), RequestDecoder.query).message.contains("recursion limit exceeded"))
    }

    // MARK: Older endpoints

    @Test func readsOlderDiscoveries() throws {
        let request = try decode(
            #"{"target":2,"context":[{"positive":3,"negative":{"indices":[1],"values":[2]}}],"limit":4,"offset":1,"using":"v","score_threshold":1,"lookup_from":{"collection":"c"}}"#,
            RequestDecoder.discover)
        guard case .discover(let input) = request.query else {
            Issue.record("another kind")
            return
        }
        #expect(input.target == .id(2) && input.context.count == 1)
        #expect(input.context[0].negative == .sparse(SparseVector(indices: [1], values: [2])))
        #expect(request.limit == 4 && request.offset == 1 && request.using == "v" && request.scoreThreshold == nil)
        let batch = try decode(
            #"{"searches":[{"context":[{"positive":1,"negative":2}],"top":3}]}"#, RequestDecoder.discoverBatch)
        guard case .context(let pairs) = batch[0].query else {
            Issue.record("another kind")
            return
        }
        #expect(pairs.count == 1 && batch[0].limit == 3)
    }

    // MARK: Facets and matrices

    @Test func readsFacets() throws {
        let plain = try decode(#"{"key":"a.b[]"}"#, RequestDecoder.facet)
        #expect(try plain.key == path("a.b[]") && plain.limit == 10 && plain.filter == nil && !plain.exact)
        let full = try decode(#"{"key":"a","limit":3,"exact":true,"filter":{"must":{"has_id":[1]}}}"#, RequestDecoder.facet)
        #expect(full.limit == 3 && full.exact && full.filter == Filter(must: [.hasID([1])]))
    }

    @Test func readsMatrices() throws {
        let plain = try decode("{}", RequestDecoder.matrix)
        #expect(plain.sample == 10 && plain.limit == 3 && plain.using.isEmpty && plain.filter == nil)
        let full = try decode(#"{"sample":2,"limit":1,"using":"v","filter":{"must_not":{"has_id":[1]}}}"#, RequestDecoder.matrix)
        #expect(full.sample == 2 && full.limit == 1 && full.using == "v" && full.filter == Filter(mustNot: [.hasID([1])]))
    }
}
