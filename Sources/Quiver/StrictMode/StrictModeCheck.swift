import QuiverModel
import QuiverPayload

/// One request against the limits of its collection, before anything of it is done. Texts and order are Qdrant's.
struct StrictModeCheck {
    let limits: StrictModeConfig
    let core: CollectionCore

    // MARK: Limits that several requests share

    func limit<Number: Comparable>(
        _ value: Number?, _ most: Number?, _ name: String, _ text: (Number) -> String = { "\($0)" }
    ) throws(QuiverError) {
        guard let value, let most, value > most else { return }
        throw .strictMode(
            "Limit exceeded \(text(value)) > \(text(most)) for \"\(name)\"",
            help: "Reduce the \"\(name)\" parameter to or below \(text(most)).")
    }

    func timeout(_ timeout: Duration?) throws(QuiverError) {
        try limit(timeout.map { Int($0.components.seconds) }, limits.maxTimeout, "timeout")
    }

    func queryLimit(_ value: Int) throws(QuiverError) { try limit(value, limits.maxQueryLimit, "limit") }

    func exact(_ isExact: Bool) throws(QuiverError) {
        guard isExact, limits.searchAllowExact == false else { return }
        throw .strictMode("Exact search disabled!", help: "Set exact=false.")
    }

    func readFilter(_ filter: Filter?) throws(QuiverError) {
        try check(filter, allowUnindexed: limits.unindexedFilteringRetrieve)
    }

    func writeFilter(_ filter: Filter?) throws(QuiverError) {
        try check(filter, allowUnindexed: limits.unindexedFilteringUpdate)
    }

    private func check(_ filter: Filter?, allowUnindexed: Bool?) throws(QuiverError) {
        guard let filter else { return }
        if let most = limits.filterMaxConditions, filter.conditionCount > most {
            throw .strictMode(
                "Filter condition limit reached (\(filter.conditionCount) > \(most))",
                help: "Reduce the amount of conditions of your filter.")
        }
        if let most = limits.conditionMaxSize, filter.largestCondition > most {
            throw .strictMode(
                "Condition size limit reached (\(filter.largestCondition) > \(most))",
                help: "Reduce the size of your condition.")
        }
        guard allowUnindexed == false,
            let missing = UnindexedCondition.first(in: filter, schema: { core.view.load().indexes[$0]?.params })
        else { return }
        throw indexMissing(missing, help: "Create an index for this key or use a different filter.")
    }

    func indexMissing(_ missing: UnindexedCondition, help: String) -> QuiverError {
        .strictMode(
            "Index required but not found for \"\(missing.key.text)\" of one of the following types: "
                + "[\(missing.indexTypes.joined(separator: ", "))]",
            help: help)
    }

    func searchParams(_ params: SearchParams) throws(QuiverError) {
        try limit(
            (params.quantization?.oversampling).map { Double($0) }, limits.searchMaxOversampling, "oversampling",
            StrictModeCheck.text)
        try limit(params.hnswEf, limits.searchMaxHNSWEf, "hnsw_ef")
        if case .corpus(let filter)? = params.idf { try readFilter(filter) }
        try exact(params.exact)
    }

    /// Without a fraction where there is none.
    static func text(_ number: Double) -> String {
        number == number.rounded() && abs(number) < 1e15 ? "\(Int(number))" : "\(number)"
    }
}

extension Filter {
    /// Of all levels; what contains conditions does not count itself.
    var conditionCount: Int { all.reduce(0) { $0 + $1.count } }

    /// The most values that one condition lists.
    var largestCondition: Int { all.reduce(0) { max($0, $1.size) } }

    private var all: [Condition] { must + mustNot + should + (minShould?.conditions ?? []) }
}

extension Condition {
    fileprivate var count: Int {
        switch self {
        case .nested(_, let filter), .filter(let filter): filter.conditionCount
        case .field, .isEmpty, .isNull, .hasID, .hasVector, .slice: 1
        }
    }

    fileprivate var size: Int {
        switch self {
        case .nested(_, let filter), .filter(let filter): filter.largestCondition
        case .hasID(let ids): ids.count
        case .field(let field): field.predicates.reduce(0) { max($0, $1.size) }
        case .isEmpty, .isNull, .hasVector, .slice: 0
        }
    }
}

extension FieldCondition.Predicate {
    fileprivate var size: Int {
        switch self {
        case .matchAny(let list), .matchExcept(let list):
            switch list {
            case .strings(let values): values.count
            case .integers(let values): values.count
            }
        default: 0
        }
    }
}
