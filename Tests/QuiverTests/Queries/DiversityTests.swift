import Quiver
import Testing

/// Maximal marginal relevance, with the picks Qdrant makes.
struct DiversityTests {
    private func diverse(_ diversity: Float? = nil, of candidates: Int? = nil) -> Query {
        .diverse(.dense([1, 0.2]), MMRParams(diversity: diversity, candidatesLimit: candidates))
    }

    private func near(_ limit: Int) -> Prefetch { Prefetch(query: TwelvePoints.near, limit: limit) }

    static let expectedPicks: [(Distance, [[UInt64]])] = [
        (.dot, [[6, 4, 5, 9, 8], [6, 4, 9, 8, 12], [6, 9, 12, 7, 8], [6, 7, 12, 9, 11]]),
        (.euclid, [[6, 4, 5, 9, 11], [6, 4, 9, 5, 12], [6, 9, 12, 7, 8], [6, 7, 12, 9, 10]]),
        (.cosine, [[12, 5, 2, 8, 10], [12, 5, 10, 8, 7], [12, 3, 7, 6, 4], [12, 6, 7, 9, 10]]),
    ]

    @Test(arguments: expectedPicks) func picks(_ distance: Distance, _ expected: [[UInt64]]) async throws {
        let points = try await TwelvePoints(distance)
        let plain = Dictionary(uniqueKeysWithValues: try await points.ask(TwelvePoints.near).map { ($0.id, $0.score) })
        for (lambda, ids) in zip([0, 0.3, 0.5, 1] as [Float], expected) {
            let hits = try await points.ask(diverse(1 - lambda, of: 12), limit: 5)
            #expect(hits.map(\.id) == ids)
            #expect(hits.allSatisfy { $0.score == plain[$0.id] })
        }
    }

    @Test func candidates() async throws {
        let points = try await TwelvePoints()
        #expect(try await points.ask(diverse(of: 4), limit: 6).map(\.id) == [6, 9, 12, 7])
        #expect(try await points.ask(diverse(of: 8), limit: 3).map(\.id) == [6, 9, 12])
        #expect(try await points.ask(diverse(), limit: 4).map(\.id) == [6, 9, 12, 7], "as many as the limit")
        #expect(try await points.ask(diverse(of: 1), limit: 3).map(\.id) == [6])
        // The cut to the limit comes first.
        #expect(try await points.ask(diverse(of: 8), limit: 3, offset: 2).map(\.id) == [12])
        #expect(try await points.ask(diverse(of: 8), limit: 3, offset: 3).isEmpty)
        #expect(try await points.ask(diverse(of: 8), threshold: 0.2, limit: 8).map(\.id) == [6, 9, 12, 7])
        #expect(try await points.ask(diverse(of: 8), threshold: 0.9, limit: 8).map(\.id) == [6])
    }

    @Test func inTrees() async throws {
        let points = try await TwelvePoints()
        let high = Prefetch(query: TwelvePoints.high, limit: 8)
        #expect(try await points.ask(diverse(0.5, of: 5), [high], limit: 4).map(\.id) == [6, 9, 12, 7])
        // Without prefetches of its own it is only a search for candidates.
        let rrf = Query.fusion(.rrf(k: 2, weights: nil))
        let leaf = Prefetch(query: diverse(0.9, of: 6), limit: 3)
        #expect(try await points.ask(rrf, [leaf]).map(\.id) == [6, 7, 12, 9, 11, 10])
        let picky = Prefetch(query: diverse(0.9, of: 6), scoreThreshold: 0.5, limit: 3)
        #expect(try await points.ask(rrf, [picky]).map(\.id) == [6, 7, 12])
        let nested = Prefetch(prefetch: [near(9)], query: diverse(0.9, of: 6), limit: 3)
        #expect(try await points.ask(rrf, [nested]).map(\.id) == [6, 2, 10])
        let nestedPicky = Prefetch(prefetch: [near(9)], query: diverse(0.9, of: 6), scoreThreshold: 0.5, limit: 5)
        #expect(try await points.ask(rrf, [nestedPicky]).map(\.id) == [6, 2, 10, 3, 9])
    }
}
