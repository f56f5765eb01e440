import QuiverModel

/// How many candidates each round of a search for groups takes.
struct GroupRounds {
    /// Candidates of this round.
    private(set) var wanted: Int
    /// Times the limits of prefetches.
    private(set) var growth: Int
    private let most: Int
    private var foundBefore = -1

    private static let growthPerRound = 4
    /// Of a tree, in which a larger limit anywhere may or may not bring more.
    private static let mostTreeRounds = 6
    private var rounds = 1

    init(wanted: Int, growth: Int, most: Int) {
        self.most = most
        self.wanted = min(most, wanted)
        self.growth = min(most, growth)
    }

    /// Whether the query chooses among candidates that are cut before it sees them.
    static func choosesAmongFew(_ query: QueryRequest) -> Bool {
        if !query.prefetch.isEmpty { return true }
        return switch query.query {
        case .diverse?, .sample?: true
        default: false
        }
    }

    /// The query of this round.
    func widened(_ query: QueryRequest) -> QueryRequest {
        var query = query
        query.limit = wanted
        query.prefetch = query.prefetch.map(widened)
        if case .diverse(let input, var mmr)? = query.query, let candidates = mmr.candidatesLimit {
            mmr.candidatesLimit = max(candidates, wanted)
            query.query = .diverse(input, mmr)
        }
        return query
    }

    private func widened(_ prefetch: Prefetch) -> Prefetch {
        var prefetch = prefetch
        let (limit, overflows) = prefetch.limit.multipliedReportingOverflow(by: growth)
        prefetch.limit = max(prefetch.limit, overflows ? most : min(most, limit))
        prefetch.prefetch = prefetch.prefetch.map(widened)
        return prefetch
    }

    /// Makes the next round larger; false when no more would come.
    mutating func grow(_ query: QueryRequest, found: Int) -> Bool {
        if query.prefetch.isEmpty {
            guard found >= wanted, wanted < most else { return false }
        } else {
            guard rounds < Self.mostTreeRounds, found > foundBefore, growth < most else { return false }
        }
        rounds += 1
        foundBefore = found
        wanted = min(most, wanted * Self.growthPerRound)
        growth = min(most, growth * Self.growthPerRound)
        return true
    }
}
