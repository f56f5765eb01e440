import QuiverIndex
import QuiverModel

/// How one sealed segment is searched.
enum SearchPlan: Equatable {
    /// Every live, matching row on the stored vectors.
    case exact
    /// The matching rows, listed from their slots, on codes; the best rescored.
    case matching
    /// The graph, past rows that do not match, of which two-hop walks compute no similarity; the best rescored. When
    /// that finds fewer than there are, the rows are scanned.
    case walk(twoHops: Bool)
    /// All rows on codes; the best rescored.
    case rows
}

/// Chooses the plan of each segment from the number of matching points, which is known exactly by then.
///
/// `full_scan_threshold` means what it means in Qdrant: up to so many matching points are scanned whatever a walk
/// would cost. Above it the cheaper one of scan and walk is taken, by the costs below; a scan finds at least what a walk
/// finds, so recall never pays for the choice.
struct SearchPlanner {
    /// In the collection; nil without a filter.
    let matchCount: Int?
    /// Points that have the vector.
    let liveCount: Int
    /// The most matching points that `full_scan_threshold` has scanned.
    let fullScanCount: Int
    let limit: Int
    let ef: Int
    let exact: Bool
    let acorn: ACORNParams?
    /// What a search reads of one point: codes, or floats where there are none.
    let pointBytes: Int
    /// Whether scores are of several vectors. A walk for them goes astray more easily, so it has to be cheaper than a
    /// scan also where nothing is filtered.
    var isCombined = false
    /// Taken whatever it costs, where a segment allows it. For tests.
    var forced: SearchPlan?

    /// The share of points that match.
    var selectivity: Double {
        guard let matchCount else { return 1 }
        return min(1, Double(matchCount) / Double(max(1, liveCount)))
    }

    func plan(rowCount: Int, hasGraph: Bool) -> SearchPlan {
        if exact { return .exact }
        if let forced, hasGraph || forced == .matching { return forced }
        guard let matchCount else {
            guard hasGraph else { return .rows }
            let walk = SearchCosts.walk(ef: max(ef, limit), 1, twoHops: false, pointBytes: pointBytes)
            let scan = SearchCosts.scan(rows: Double(rowCount), pointBytes: pointBytes)
            return isCombined && scan <= walk ? .rows : .walk(twoHops: false)
        }
        if !hasGraph || matchCount <= fullScanCount { return .matching }
        let rows = selectivity * Double(rowCount)
        let twoHops = walksTwoHops
        let walk = SearchCosts.walk(ef: max(ef, limit), selectivity, twoHops: twoHops, pointBytes: pointBytes)
        return SearchCosts.scan(rows: rows, pointBytes: pointBytes) <= walk ? .matching : .walk(twoHops: twoHops)
    }

    /// ACORN as it was asked for, else below the share where it is faster at the same recall.
    private var walksTwoHops: Bool {
        if let acorn, acorn.enable, selectivity <= acorn.maxSelectivity { return true }
        return selectivity < SearchCosts.twoHopSelectivity
    }
}

/// Nanoseconds of one core with codes of one byte a component, fitted to 62,666 vectors of 384 components at shares
/// from 1 to 90 % (docs/DECISIONS.md). Only their ratio matters.
enum SearchCosts {
    /// Below this share of matching rows two hops find as much for less; above it they lose recall.
    static let twoHopSelectivity = 0.03

    /// Listing a row, fetching it, its similarity, the look at the best so far.
    static func scan(rows: Double, pointBytes: Int) -> Double {
        rows * (5 + 0.025 * Double(pointBytes))
    }

    /// A walk meets the more rows the fewer of them match: on the way to the first ones, and for each it keeps.
    static func walk(ef: Int, _ selectivity: Double, twoHops: Bool, pointBytes: Int) -> Double {
        let share = max(selectivity, 0.001)
        let first = (twoHops ? 14_000 : 10_000) / share
        // share^(-3/4) from two roots.
        let each = 1000 / (share.squareRoot() * share.squareRoot().squareRoot())
        return (first + Double(ef) * each) * (20 + 0.04 * Double(pointBytes)) / 35
    }
}
