import QuiverJSON

/// Compares a copied collection with its source: counts, a sample of points, what a sample of vectors finds, indexes,
/// aliases and the configuration.
struct CopyVerifier: Sendable {
    struct Options: Sendable {
        /// Points that are compared.
        var points = 1000
        /// Exact searches for each vector name that are compared.
        var queries = 20
    }

    struct Outcome: Sendable {
        var points = 0
        var comparedPoints = 0
        var comparedQueries = 0
        /// A sentence each.
        var differences: [String] = []
        /// What could not be compared, and why.
        var notes: [String] = []
    }

    /// Differences of one kind that are told one by one.
    private static let told = 10
    private static let chunk = 50

    var source: RESTClient
    var target: RESTClient
    var sourceName: String
    var targetName: String
    var blueprint: CollectionBlueprint
    /// Points of the source when the copy began.
    var pointsAtStart: Int
    var aliases: [String]
    var options: Options
    var progress: Progress

    func run() async throws -> Outcome {
        var outcome = Outcome()
        try await compareConfiguration(&outcome)
        try await compareAliases(&outcome)
        let before = try await Self.count(source, sourceName)
        let copied = try await Self.count(target, targetName)
        let records = try await comparePoints(&outcome)
        try await compareQueries(records, &outcome)
        let after = try await Self.count(source, sourceName)
        outcome.points = copied
        if copied != before {
            outcome.differences.append("the source has \(before) points, the copy \(copied)")
        }
        if before != pointsAtStart || after != before {
            outcome.notes.append(
                "the source was written to: it had \(pointsAtStart) points when the copy began, \(before) when it was "
                    + "compared and \(after) afterwards; what was changed or deleted behind the copy is not in it")
        }
        return outcome
    }

    static func count(_ server: RESTClient, _ name: String) async throws(CommandFailure) -> Int {
        let body = JSONValue.object([.init("exact", .bool(true))])
        let result = try await server.result("POST", RESTClient.path(name, "/points/count"), body)
        guard let count = result["count"]?.count else {
            throw CommandFailure(code: .dataError, message: "\(server.url) does not count the points of \(name)")
        }
        return count
    }

    // MARK: What stands around the points

    private func compareConfiguration(_ outcome: inout Outcome) async throws {
        let info = try await target.result("GET", RESTClient.path(targetName))
        let differences = ConfigurationDifference.all(source: blueprint.config, target: info["config"])
        outcome.differences += differences.map(\.description)
        let schema = info["payload_schema"]
        for index in blueprint.indexes {
            let copy = schema?[index.field].flatMap(CollectionBlueprint.schema)
            if copy.map(index.schema.isSame) != true {
                outcome.differences.append(
                    "the index of \(index.field) is \(index.schema.text) at the source and "
                        + "\(copy?.text ?? "absent") at the target")
            }
        }
    }

    private func compareAliases(_ outcome: inout Outcome) async throws {
        guard !aliases.isEmpty else { return }
        let there = try await Self.aliases(target, of: targetName)
        for alias in aliases where !there.contains(alias) {
            outcome.differences.append("the alias \(alias) does not name the copy")
        }
    }

    static func aliases(_ server: RESTClient, of collection: String) async throws(CommandFailure) -> [String] {
        let result = try await server.resultIfThere("GET", RESTClient.path(collection, "/aliases"))
        return (result?["aliases"]?.elements ?? []).compactMap { $0["alias_name"]?.string }
    }

    // MARK: Points

    /// - Returns: the records of the source.
    private func comparePoints(_ outcome: inout Outcome) async throws -> [JSONValue] {
        let ids = try await sampleIDs(&outcome)
        progress.begin("comparing \(sourceName)", total: ids.count, unit: .points)
        var kept: [JSONValue] = []
        var differing = 0
        for start in stride(from: 0, to: ids.count, by: Self.chunk) {
            let part = Array(ids[start..<min(start + Self.chunk, ids.count)])
            async let originals = records(source, sourceName, part)
            async let copies = records(target, targetName, part)
            let found = Self.byID(try await copies)
            for original in try await originals {
                let id = original["id"] ?? .null
                let problems = problems(original, found[id.text])
                if !problems.isEmpty {
                    differing += 1
                    if differing <= Self.told {
                        outcome.differences.append("point \(id.text): " + problems.joined(separator: "; "))
                    }
                }
                outcome.comparedPoints += 1
                if kept.count < options.queries { kept.append(original) }
            }
            progress.advance(part.count)
        }
        progress.end()
        if differing > Self.told {
            outcome.differences.append("\(differing - Self.told) more of the \(outcome.comparedPoints) points compared differ")
        }
        return kept
    }

    /// Points at random where the source can choose them, else the first ones.
    private func sampleIDs(_ outcome: inout Outcome) async throws -> [JSONValue] {
        guard options.points > 0 else { return [] }
        let limit = min(options.points, blueprint.maximumQueryLimit ?? .max)
        let body = JSONValue.object([
            .init("query", .object([.init("sample", .string("random"))])), .init("limit", .int(Int64(limit))),
            .init("with_payload", .bool(false)),
        ])
        if let result = try await answer(source, RESTClient.path(sourceName, "/points/query"), body) {
            return (result["points"]?.elements ?? []).compactMap { $0["id"] }
        }
        outcome.notes.append("the source cannot choose points at random: the first ones were compared")
        let first = JSONValue.object([.init("limit", .int(Int64(limit))), .init("with_payload", .bool(false))])
        let result = try await source.result("POST", RESTClient.path(sourceName, "/points/scroll"), first)
        return (result["points"]?.elements ?? []).compactMap { $0["id"] }
    }

    private func records(_ server: RESTClient, _ name: String, _ ids: [JSONValue]) async throws(CommandFailure) -> [JSONValue] {
        let body = JSONValue.object([
            .init("ids", .array(ids)), .init("with_payload", .bool(true)), .init("with_vector", .bool(true)),
        ])
        return try await server.result("POST", RESTClient.path(name, "/points"), body).elements
    }

    private static func byID(_ records: [JSONValue]) -> [String: JSONValue] {
        Dictionary(records.map { ($0["id"]?.text ?? "", $0) }) { $1 }
    }

    private func problems(_ original: JSONValue, _ copy: JSONValue?) -> [String] {
        guard let copy else { return ["it is not at the target"] }
        var problems: [String] = []
        let payload = Self.given(original["payload"]) ?? .object([])
        let copied = Self.given(copy["payload"]) ?? .object([])
        if !payload.isSame(as: copied) {
            problems.append("the payload is \(Self.short(copied)) and not \(Self.short(payload))")
        }
        let vectors = Self.vectors(original)
        let copies = Self.vectors(copy)
        for (name, vector) in vectors {
            guard let other = copies[name] else {
                problems.append("the vector \(Self.named(name)) is not there")
                continue
            }
            let tolerance = blueprint.vectors.first { $0.name == name }?.kind.tolerance ?? 0
            if !VectorComparison.isSame(vector, other, tolerance: tolerance) {
                problems.append("the vector \(Self.named(name)) is \(Self.short(other)) and not \(Self.short(vector))")
            }
        }
        for name in copies.keys where vectors[name] == nil {
            problems.append("the vector \(Self.named(name)) is not at the source")
        }
        return problems
    }

    /// By name; the unnamed one is `""`.
    private static func vectors(_ record: JSONValue) -> [String: JSONValue] {
        switch record["vector"] {
        case .array(let elements)?: ["": .array(elements)]
        case .object(let members)?: Dictionary(members.map { ($0.key, $0.value) }) { $1 }
        default: [:]
        }
    }

    private static func given(_ value: JSONValue?) -> JSONValue? { value == .null ? nil : value }

    private static func named(_ name: String) -> String { name.isEmpty ? "without a name" : name }

    private static func short(_ value: JSONValue) -> String {
        let text = value.text
        return text.count <= 120 ? text : String(text.prefix(120)) + "…"
    }

    // MARK: Queries

    private func compareQueries(_ records: [JSONValue], _ outcome: inout Outcome) async throws {
        let names = blueprint.vectors.map(\.name) + blueprint.sparseVectors
        var differing = 0
        for name in names {
            let tolerance = blueprint.vectors.first { $0.name == name }?.kind.tolerance ?? 0
            for record in records {
                guard let vector = Self.vectors(record)[name] else { continue }
                var body: [JSONValue.Member] = [
                    .init("query", vector), .init("limit", .int(10)), .init("params", .object([.init("exact", .bool(true))])),
                ]
                if !name.isEmpty { body.append(.init("using", .string(name))) }
                let asked = JSONValue.object(body)
                guard let expected = try await answer(source, RESTClient.path(sourceName, "/points/query"), asked) else {
                    outcome.notes.append(
                        "the source refuses exact searches for the vector \(Self.named(name)): results were not compared")
                    break
                }
                let found = try await target.result("POST", RESTClient.path(targetName, "/points/query"), asked)
                outcome.comparedQueries += 1
                if let problem = AnswerComparison.problem(
                    expected: Self.hits(expected), found: Self.hits(found), tolerance: 1e-5 + 2 * tolerance)
                {
                    differing += 1
                    if differing <= Self.told {
                        outcome.differences.append(
                            "the ten nearest to point \(record["id"]?.text ?? "") by the vector \(Self.named(name)): \(problem)")
                    }
                }
            }
        }
        if differing > Self.told {
            outcome.differences.append("\(differing - Self.told) more of the \(outcome.comparedQueries) searches differ")
        }
    }

    private static func hits(_ result: JSONValue) -> [(id: String, score: Double)] {
        (result["points"]?.elements ?? []).map { ($0["id"]?.text ?? "", $0["score"]?.number ?? .nan) }
    }

    /// Nil when the server does not do this, or does not allow it.
    private func answer(_ server: RESTClient, _ path: String, _ body: JSONValue) async throws(CommandFailure) -> JSONValue? {
        do throws(CommandFailure) {
            return try await server.result("POST", path, body)
        } catch {
            guard [.dataError, .noInput].contains(error.code) else { throw error }
            return nil
        }
    }
}

/// Vectors as answers have them: an array, an array of arrays, or `{indices, values}`.
enum VectorComparison {
    /// - Parameter tolerance: how far a component may be off, as a share of the length of its row.
    static func isSame(_ left: JSONValue, _ right: JSONValue, tolerance: Double) -> Bool {
        switch (left, right) {
        case (.object, .object):
            guard let mine = left["indices"], let its = right["indices"], mine.isSame(as: its),
                let values = left["values"], let others = right["values"]
            else { return false }
            return isSame(values, others, tolerance: tolerance)
        case (.array(let mine), .array(let its)):
            guard mine.count == its.count else { return false }
            if case .array? = mine.first { return zip(mine, its).allSatisfy { isSame($0, $1, tolerance: tolerance) } }
            return isSame(mine, its, tolerance: tolerance)
        default: return false
        }
    }

    private static func isSame(_ left: [JSONValue], _ right: [JSONValue], tolerance: Double) -> Bool {
        let mine = left.compactMap(\.number)
        let its = right.compactMap(\.number)
        guard mine.count == left.count, its.count == right.count else { return false }
        // As the servers keep them: two decimals of one float may be written differently.
        if zip(mine, its).allSatisfy({ Float($0) == Float($1) }) { return true }
        let margin = tolerance * mine.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return tolerance > 0 && zip(mine, its).allSatisfy { abs($0 - $1) <= margin }
    }
}

/// The answers of two servers to one exact search.
enum AnswerComparison {
    /// - Parameter tolerance: how far a score may be off, as a share of the largest one, or of 1.
    /// - Returns: nil when they are the same but for the order of equal scores.
    static func problem(
        expected: [(id: String, score: Double)], found: [(id: String, score: Double)], tolerance: Double
    ) -> String? {
        guard expected.count == found.count else { return "\(found.count) answers and not \(expected.count)" }
        let margin = tolerance * expected.reduce(1) { max($0, abs($1.score)) }
        for (rank, (left, right)) in zip(expected, found).enumerated() where !(abs(left.score - right.score) <= margin) {
            return "answer \(rank + 1) has the score \(right.score) and not \(left.score)"
        }
        let scores = Dictionary(found.map { ($0.id, $0.score) }) { $1 }
        // Equal scores may stand in any order, and the last ones may be cut anywhere.
        let last = expected.last?.score ?? 0
        for hit in expected {
            if let score = scores[hit.id] {
                if !(abs(score - hit.score) <= margin) { return "point \(hit.id) has the score \(score) and not \(hit.score)" }
            } else if !(abs(hit.score - last) <= margin) {
                return "point \(hit.id) with the score \(hit.score) is not among them"
            }
        }
        return nil
    }
}
