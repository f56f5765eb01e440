public import QuiverModel

/// What samples are made of and compared with: the face of a collection of the engine, which this target does not know.
public protocol FormatCollection {
    var config: CollectionConfig { get }
    func scrollBlocking(_ request: ScrollRequest, timeout: Duration?) throws(QuiverError) -> ScrollPage
    func countBlocking(filter: Filter?, exact: Bool, timeout: Duration?) throws(QuiverError) -> Int
    func queryBlocking(_ request: QueryRequest, timeout: Duration?) throws(QuiverError) -> [ScoredPoint]
    func updateBlocking(_ operations: [UpdateOperation]) throws(QuiverError) -> UpdateResult
    func createIndexBlocking(_ field: PayloadPath, _ params: PayloadIndexParams) throws(QuiverError) -> UpdateResult
    func dropIndexBlocking(_ field: PayloadPath) throws(QuiverError) -> UpdateResult
    func createVectorNameBlocking(_ name: String, _ config: VectorNameConfig) throws(QuiverError) -> UpdateResult
    func dropVectorNameBlocking(_ name: String) throws(QuiverError) -> UpdateResult
}

extension FormatCollection {
    /// Does a step; false for those that are not the collection's own: `setMetadata` and `seal`.
    public func run(_ step: FormatStep) throws -> Bool {
        if let operation = try step.operation() {
            _ = try updateBlocking([operation])
            return true
        }
        switch step {
        case .makeIndex(let field, let params): _ = try createIndexBlocking(try PayloadPath(parsing: field), params)
        case .dropIndex(let field): _ = try dropIndexBlocking(try PayloadPath(parsing: field))
        case .makeVectorName(let name, let config): _ = try createVectorNameBlocking(name, config)
        case .dropVectorName(let name): _ = try dropVectorNameBlocking(name)
        default: return false
        }
        return true
    }

    /// Whatever is not as it should be: points, payloads to the byte, vectors, versions, counts and exact searches.
    public func differences(_ wanted: FormatExpectation.Collection) throws -> [String] {
        var found: [String] = []
        let records = try scrollBlocking(ScrollRequest(limit: 10_000, withVectors: .all), timeout: nil).records
        let versions = Dictionary(
            uniqueKeysWithValues: try queryBlocking(QueryRequest(limit: 10_000), timeout: nil).map { ($0.id, $0.version) })
        let byID = Dictionary(uniqueKeysWithValues: records.map { ($0.id, $0) })
        let known = Set(wanted.points.map(\.id))
        for id in byID.keys where !known.contains(id) { found.append("\(id) is not expected") }
        for point in wanted.points {
            guard let record = byID[point.id] else {
                found.append("\(point.id) is missing")
                continue
            }
            if versions[point.id] != point.version {
                found.append("\(point.id) has version \(versions[point.id] ?? 0), \(point.version) expected")
            }
            if (record.payload?.text ?? "{}") != point.payload {
                found.append("\(point.id) has \(record.payload?.text ?? "-"), \(point.payload) expected")
            }
            let vectors: [String: VectorValue] =
                switch record.vectors {
                case .named(let named)?: named
                case .unnamed(let value)?: ["": value]
                case .some(.none), nil: [:]
                }
            if vectors.keys.sorted() != point.vectors.keys.sorted() {
                found.append("\(point.id) has vectors \(vectors.keys.sorted()), \(point.vectors.keys.sorted()) expected")
            }
            for (name, value) in point.vectors {
                if let vector = vectors[name], !isNear(vector, value.value, tolerance(name)) {
                    found.append("\(point.id) has \(name) \(vector), \(value.value) expected")
                }
            }
        }
        for question in FormatQuestion.all {
            let count = try countBlocking(filter: question.filter, exact: true, timeout: nil)
            if count != wanted.counts[question.name] {
                found.append("\(question.name): \(count), \(wanted.counts[question.name] ?? -1) expected")
            }
        }
        // By comparing with everything, and by graphs and codes with all that rescoring can do.
        for query in wanted.queries {
            for isExact in [true, false] { found += try differences(query, isExact: isExact) }
        }
        return found
    }

    private func differences(_ query: FormatExpectation.Query, isExact: Bool) throws -> [String] {
        let input: VectorInput =
            switch query.vector.value {
            case .dense(let row): .dense(row)
            case .multi(let rows): .multi(rows)
            case .sparse(let vector): .sparse(vector)
            }
        var request = QueryRequest(query: .nearest(input), using: query.using, limit: query.answers.count)
        request.params.exact = isExact
        if !isExact {
            request.params.hnswEf = 512
            request.params.quantization = QuantizationSearchParams(rescore: true, oversampling: 8)
        }
        let hits = try queryBlocking(request, timeout: nil)
        let isRight: Bool
        if isExact {
            // Equal scores come in any order: scores are compared in order, and no point comes twice.
            isRight =
                hits.count == query.answers.count && Set(hits.map(\.id)).count == hits.count
                && zip(hits, query.answers).allSatisfy { isNear(Double($0.score), $1.score) }
        } else {
            // A small graph may lead past a point.
            let scores = Dictionary(query.answers.map { ($0.id, $0.score) }) { first, _ in first }
            let known = hits.count { hit in scores[hit.id].map { isNear(Double(hit.score), $0) } ?? false }
            isRight = hits.count == query.answers.count && 4 * known >= 3 * hits.count
        }
        if isRight { return [] }
        func told(_ answers: [(PointID, Double)]) -> String { "\(answers.map { "\($0.0): \($0.1)" })" }
        return [
            "\(query.using), exact \(isExact): \(told(hits.map { ($0.id, Double($0.score)) })), "
                + "\(told(query.answers.map { ($0.id, $0.score) })) expected"
        ]
    }

    private func isNear(_ left: Double, _ right: Double) -> Bool { abs(left - right) <= 1e-3 * max(1, abs(right)) }

    private func tolerance(_ name: String) -> Float {
        guard let params = config.vectors?.byName[name] else { return 0 }
        // Only the engine knows what it makes of a component.
        if params.datatype == .turbo4 { return 0.6 }
        if params.distance != .cosine { return 0 }
        return params.datatype == .float16 ? 1e-3 : 1e-6
    }

    private func isNear(_ left: VectorValue, _ right: VectorValue, _ tolerance: Float) -> Bool {
        switch (left, right) {
        case (.dense(let left), .dense(let right)):
            left.count == right.count && zip(left, right).allSatisfy { abs($0 - $1) <= tolerance }
        case (.multi(let left), .multi(let right)):
            left.count == right.count
                && zip(left, right).allSatisfy { isNear(.dense($0), .dense($1), tolerance) }
        case (.sparse(let left), .sparse(let right)): left == right
        default: false
        }
    }
}
