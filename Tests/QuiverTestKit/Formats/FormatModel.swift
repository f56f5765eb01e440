public import QuiverModel

/// What a collection of a sample has to hold after some steps, worked out without the engine.
public struct FormatModel: Sendable {
    public struct Held: Sendable {
        public var version: UInt64
        public var payload: PlainJSON
        public var vectors: [String: VectorValue]
    }

    public private(set) var points: [PointID: Held] = [:]
    public private(set) var sequence: UInt64 = 0
    public private(set) var dense: [String: VectorParams]
    public private(set) var sparse: Set<String>

    public init(_ config: CollectionConfig) {
        dense = config.vectors?.byName ?? [:]
        sparse = Set((config.sparseVectors ?? [:]).keys)
    }

    public mutating func apply(_ step: FormatStep) {
        if case .seal = step { return }
        sequence += 1
        switch step {
        case .upsert(let entries):
            for entry in entries {
                points[entry.id] = Held(version: sequence, payload: entry.payload, vectors: stored(entry.vectors))
            }
        case .updateVectors(let entries):
            for entry in entries {
                let vectors = stored(entry.vectors)
                change([entry.id]) { $0.vectors.merge(vectors) { $1 } }
            }
        case .deletePoints(let ids): for id in ids { points[id] = nil }
        case .deleteVectors(let ids, let names):
            change(ids) { for name in names { $0.vectors[name] = nil } }
        case .setPayload(let json, let ids, let path):
            change(ids) { held in
                guard let path else { return held.payload = held.payload.merged(json) }
                let inner = held.payload[path] ?? .object([])
                held.payload = held.payload.merged(.object([.init(path, inner.merged(json))]))
            }
        case .overwritePayload(let json, let ids): change(ids) { $0.payload = json }
        case .deletePayload(let keys, let ids):
            change(ids) { held in held.payload = .object(held.payload.members.filter { !keys.contains($0.key) }) }
        case .clearPayload(let ids): change(ids) { $0.payload = .object([]) }
        case .makeVectorName(let name, .dense(let params)): dense[name] = params
        case .makeVectorName(let name, .sparse): sparse.insert(name)
        case .dropVectorName(let name):
            dense[name] = nil
            sparse.remove(name)
            for id in points.keys { points[id]?.vectors[name] = nil }
        case .makeIndex, .dropIndex, .setMetadata, .seal: break
        }
    }

    private mutating func change(_ ids: [PointID], _ body: (inout Held) -> Void) {
        for id in ids {
            guard var held = points[id] else { continue }
            body(&held)
            held.version = sequence
            points[id] = held
        }
    }

    // MARK: Vectors

    private func stored(_ vectors: [String: VectorValue]) -> [String: VectorValue] {
        var result: [String: VectorValue] = [:]
        for (name, value) in vectors { result[name] = stored(name, value) }
        return result
    }

    private func stored(_ name: String, _ value: VectorValue) -> VectorValue {
        switch value {
        case .dense(let row): .dense(stored(row, name))
        case .multi(let rows): .multi(rows.map { stored($0, name) })
        case .sparse: value
        }
    }

    private func stored(_ row: [Float], _ name: String) -> [Float] {
        guard let params = dense[name] else { return row }
        var row = row
        if params.distance == .cosine, params.datatype != .uint8 {
            let length = row.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
            if length > 0 { row = row.map { Float(Double($0) / length) } }
        }
        switch params.datatype {
        case .float16: return row.map { Float(Float16($0)) }
        case .uint8: return row.map { min(max($0, 0), 255).rounded(.towardZero) }
        // Only the engine knows what `turbo4` makes of it.
        case .float32, .turbo4, nil: return row
        }
    }

    // MARK: Answers

    private static func similarity(_ left: [Float], _ right: [Float], _ distance: Distance) -> Double {
        zip(left, right).reduce(0.0) { sum, pair in
            let (a, b) = (Double(pair.0), Double(pair.1))
            return switch distance {
            case .cosine, .dot: sum + a * b
            case .euclid: sum - (a - b) * (a - b)
            case .manhattan: sum - abs(a - b)
            }
        }
    }

    private func score(_ query: VectorValue, _ value: VectorValue, _ name: String) -> Double? {
        let distance = dense[name]?.distance ?? .dot
        let best: Double
        switch (query, value) {
        case (.dense(let query), .dense(let row)): best = Self.similarity(query, row, distance)
        case (.multi(let queries), .multi(let rows)):
            best = queries.reduce(0) { sum, query in
                sum + (rows.map { Self.similarity(query, $0, distance) }.max() ?? 0)
            }
        case (.sparse(let query), .sparse(let row)):
            var sum = 0.0
            var isShared = false
            for (index, number) in zip(query.indices, query.values) {
                guard let place = row.indices.firstIndex(of: index) else { continue }
                isShared = true
                sum += Double(number) * Double(row.values[place])
            }
            return isShared ? sum : nil
        default: return nil
        }
        return switch distance {
        case .cosine, .dot: best
        case .euclid: max(0, -best).squareRoot()
        case .manhattan: -best
        }
    }

    /// Of each vector name one query: the vector that `id` has.
    public func expectation(_ questions: [FormatQuestion]) -> FormatExpectation.Collection {
        let ids = points.keys.sorted { "\($0)" < "\($1)" }
        var queries: [FormatExpectation.Query] = []
        for name in dense.keys.sorted() + sparse.sorted() where dense[name]?.datatype != .turbo4 {
            guard let query = ids.lazy.compactMap({ points[$0]?.vectors[name] }).first else { continue }
            let isAscending = dense[name].map { $0.distance == .euclid || $0.distance == .manhattan } ?? false
            let answers = ids.compactMap { id in
                points[id]?.vectors[name].flatMap { score(query, $0, name) }.map { FormatExpectation.Answer(id: id, score: $0) }
            }
            queries.append(
                .init(
                    using: name, vector: .value(query),
                    answers: Array(answers.sorted { isAscending ? $0.score < $1.score : $0.score > $1.score }.prefix(12))))
        }
        return FormatExpectation.Collection(
            sequence: sequence,
            points: ids.compactMap { id in
                points[id].map { held in
                    .init(
                        id: id, version: held.version, payload: held.payload.text,
                        vectors: held.vectors.mapValues { .value($0) })
                }
            },
            counts: Dictionary(
                uniqueKeysWithValues: questions.map { question in
                    (question.name, points.values.count { question.holds($0.payload) })
                }),
            queries: queries)
    }
}

extension PlainJSON {
    /// Members of `other` take the place of those of the same key, or follow.
    fileprivate func merged(_ other: PlainJSON) -> PlainJSON {
        var members = members
        for member in other.members {
            if let place = members.firstIndex(where: { $0.key == member.key }) {
                members[place] = member
            } else {
                members.append(member)
            }
        }
        return .object(members)
    }
}
