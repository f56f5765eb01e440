package import QuiverModel

/// A condition of a filter whose field has no index that could answer it.
///
/// Which types of index would do follows from the condition alone, as in Qdrant's strict mode: a condition that no
/// value can change (`any` or `except` of an empty list) needs none.
package struct UnindexedCondition: Equatable, Sendable {
    /// The whole path, also of a condition inside of nested ones.
    package let key: PayloadPath
    /// The types that would do as Qdrant names them, options included; by name, each once.
    package let indexTypes: [String]

    /// The first such condition of a filter: `must`, `must_not`, `should`, `min_should`, and depth first. Nil where
    /// every condition that an index could answer has one.
    package static func first(in filter: Filter, schema: (PayloadPath) -> PayloadIndexParams?) -> UnindexedCondition? {
        first(in: filter, below: nil, schema)
    }

    private static func first(
        in filter: Filter, below outer: PayloadPath?, _ schema: (PayloadPath) -> PayloadIndexParams?
    ) -> UnindexedCondition? {
        for condition in filter.must + filter.mustNot + filter.should + (filter.minShould?.conditions ?? []) {
            if let found = first(in: condition, below: outer, schema) { return found }
        }
        return nil
    }

    private static func first(
        in condition: Condition, below outer: PayloadPath?, _ schema: (PayloadPath) -> PayloadIndexParams?
    ) -> UnindexedCondition? {
        switch condition {
        case .filter(let filter):
            return first(in: filter, below: outer, schema)
        case .nested(let path, let filter):
            return first(in: filter, below: path.elements.inside(outer), schema)
        case .field(let field):
            return of(field.key.inside(outer), field.predicates.flatMap(IndexCapability.answering), schema)
        case .isEmpty(let path), .isNull(let path):
            return of(path.inside(outer), IndexCapability.allCases, schema)
        case .hasID, .hasVector, .slice:
            return nil
        }
    }

    private static func of(
        _ key: PayloadPath, _ wanted: [IndexCapability], _ schema: (PayloadPath) -> PayloadIndexParams?
    ) -> UnindexedCondition? {
        if wanted.isEmpty { return nil }
        if let params = schema(key), !IndexCapability.of(params).isDisjoint(with: wanted) { return nil }
        return UnindexedCondition(key: key, indexTypes: Set(wanted.map(\.indexType)).sorted())
    }
}

extension UnindexedCondition {
    /// The first payload value of a formula, or condition in it, without an index that could answer it.
    package static func first(
        in expression: ScoreExpression, schema: (PayloadPath) -> PayloadIndexParams?
    ) -> UnindexedCondition? {
        switch expression {
        case .constant, .datetime, .variable(.score):
            return nil
        case .variable(.payload(let path)):
            return of(path, [.matchInteger, .rangeInteger, .rangeFloat], schema)
        case .condition(let condition):
            return first(in: condition, below: nil, schema)
        case .geoDistance(_, let path):
            return of(path, [.geo], schema)
        case .datetimeKey(let path):
            return of(path, [.rangeDatetime], schema)
        case .sum(let terms), .product(let terms):
            return first(in: terms, schema)
        case .negation(let term), .absolute(let term), .squareRoot(let term), .exponential(let term), .log10(let term),
            .naturalLog(let term):
            return first(in: term, schema: schema)
        case .quotient(let left, let right, _):
            return first(in: [left, right], schema)
        case .power(let base, let exponent):
            return first(in: [base, exponent], schema)
        case .decay(let decay):
            return first(in: [decay.x] + (decay.target.map { [$0] } ?? []), schema)
        }
    }

    private static func first(
        in expressions: [ScoreExpression], _ schema: (PayloadPath) -> PayloadIndexParams?
    ) -> UnindexedCondition? {
        for expression in expressions {
            if let found = first(in: expression, schema: schema) { return found }
        }
        return nil
    }
}

extension PayloadPath {
    fileprivate func inside(_ outer: PayloadPath?) -> PayloadPath { outer.map { nested(in: $0) } ?? self }
}

/// A kind of question that an index of some type and options answers.
enum IndexCapability: CaseIterable, Hashable {
    case matchInteger, rangeInteger, matchKeyword, prefix, rangeFloat, text, phrase, matchBool, matchUUID, rangeDatetime, geo

    var indexType: String {
        switch self {
        case .matchInteger, .rangeInteger: "integer"
        case .matchKeyword, .prefix: "keyword"
        case .rangeFloat: "float"
        case .text: "text"
        case .phrase: "text (with phrase_matching: true)"
        case .matchBool: "bool"
        case .matchUUID: "uuid"
        case .rangeDatetime: "datetime"
        case .geo: "geo"
        }
    }

    /// What a predicate could be answered by; one of them is enough.
    static func answering(_ predicate: FieldCondition.Predicate) -> [IndexCapability] {
        switch predicate {
        case .match(.string(let text)): PointUUID(text) == nil ? [.matchKeyword] : [.matchUUID, .matchKeyword]
        case .match(.integer): [.matchInteger]
        case .match(.bool): [.matchBool]
        case .matchAny(let list), .matchExcept(let list): answering(list)
        case .matchText, .matchTextAny: [.text]
        case .matchPhrase: [.phrase]
        case .matchPrefix: [.prefix]
        case .range: [.rangeFloat, .rangeInteger]
        case .datetimeRange: [.rangeDatetime]
        case .geoBoundingBox, .geoRadius, .geoPolygon: [.geo]
        // Every index knows which points have a value.
        case .valuesCount, .isEmpty, .isNull: IndexCapability.allCases
        }
    }

    private static func answering(_ list: MatchList) -> [IndexCapability] {
        switch list {
        case _ where list.isEmpty: []
        case .strings(let values):
            values.allSatisfy { PointUUID($0) != nil } ? [.matchUUID, .matchKeyword] : [.matchKeyword]
        case .integers: [.matchInteger]
        }
    }

    static func of(_ params: PayloadIndexParams) -> Set<IndexCapability> {
        switch params.type {
        case .keyword: params.prefix == true ? [.matchKeyword, .prefix] : [.matchKeyword]
        case .integer:
            Set((params.answersMatch ? [.matchInteger] : []) + (params.answersRange ? [.rangeInteger] : []))
        case .float: [.rangeFloat]
        case .bool: [.matchBool]
        case .datetime: [.rangeDatetime]
        case .uuid: [.matchUUID]
        case .geo: [.geo]
        case .text: params.phraseMatching == true ? [.text, .phrase] : [.text]
        }
    }
}
