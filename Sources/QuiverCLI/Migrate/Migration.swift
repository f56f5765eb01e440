import QuiverJSON
import Synchronization

/// Copies collections from one server to another, remembers how far it is, and compares the two at the end.
struct Migration: Sendable {
    /// What happens to a collection that is at the target already.
    enum Existing: Sendable {
        case refuse, skip, overwrite
    }

    struct Choice: Equatable, Sendable {
        var name: String
        var newName: String
    }

    struct Options: Sendable {
        /// Nil: all of them, under their own names.
        var choices: [Choice]?
        var existing = Existing.refuse
        var copier = PointCopier.Options()
        var verifier = CopyVerifier.Options()
        var verifies = true
        /// The same server on both sides: aliases stay where they are.
        var isOneServer = false
    }

    struct Summary: Sendable {
        var collections = 0
        var skipped: [String] = []
        /// Points that this run copied.
        var copied = 0
        /// Of copying alone.
        var seconds = 0.0
        /// By the name at the source.
        var outcomes: [(name: String, outcome: CopyVerifier.Outcome)] = []

        var differences: Int { outcomes.reduce(0) { $0 + $1.outcome.differences.count } }
    }

    /// One collection, as it is to be copied.
    struct Item: Sendable {
        var name: String
        var newName: String
        var blueprint: CollectionBlueprint
        var aliases: [String]
        var points: Int
        /// The target has it, and this migration did not make it.
        var isForeign: Bool
    }

    var source: RESTClient
    var target: RESTClient
    var options: Options
    var progress: Progress

    // MARK: Looking

    /// Everything that is to be copied, as the two servers are now.
    /// - Parameter state: what an earlier run did; nil: there was none.
    func plan(state: MigrationState?) async throws -> [Item] {
        try await greet(source)
        try await greet(target)
        let names = try await collections(source).sorted()
        let choices = options.choices ?? names.map { Choice(name: $0, newName: $0) }
        let missing = choices.filter { !names.contains($0.name) }.map(\.name)
        guard missing.isEmpty else {
            throw CommandFailure(
                code: .noInput, message: "\(source.url) has no collection \(missing.joined(separator: ", "))")
        }
        let there = Set(try await collections(target))
        let aliasesThere = try await aliases(target)
        var items: [Item] = []
        for choice in choices {
            let info = try await source.result("GET", RESTClient.path(choice.name))
            guard let blueprint = CollectionBlueprint(info: info) else {
                throw CommandFailure(
                    code: .dataError, message: "\(source.url) describes the collection \(choice.name) in a form unlike Qdrant's")
            }
            let isOurs = state?.collections[choice.name]?.target == choice.newName
            items.append(
                Item(
                    name: choice.name, newName: choice.newName, blueprint: blueprint,
                    aliases: options.isOneServer ? [] : try await CopyVerifier.aliases(source, of: choice.name),
                    points: try await CopyVerifier.count(source, choice.name),
                    isForeign: there.contains(choice.newName) && !isOurs))
        }
        try checkNames(items, there: there, aliasesThere: aliasesThere)
        return items
    }

    /// A name that leads nowhere is told at once, not after minutes of patience.
    private func greet(_ server: RESTClient) async throws(CommandFailure) {
        _ = try await server.call("GET", "/collections")
    }

    private func collections(_ server: RESTClient) async throws(CommandFailure) -> [String] {
        let result = try await server.result("GET", "/collections")
        return (result["collections"]?.elements ?? []).compactMap { $0["name"]?.string }
    }

    /// Alias to collection; none where a server knows no aliases.
    private func aliases(_ server: RESTClient) async throws(CommandFailure) -> [String: String] {
        let result = try await server.resultIfThere("GET", "/aliases")
        let pairs = (result?["aliases"]?.elements ?? []).compactMap { alias -> (String, String)? in
            guard let name = alias["alias_name"]?.string, let collection = alias["collection_name"]?.string else { return nil }
            return (name, collection)
        }
        return Dictionary(pairs) { $1 }
    }

    private func checkNames(_ items: [Item], there: Set<String>, aliasesThere: [String: String]) throws(CommandFailure) {
        let twice = Dictionary(grouping: items, by: \.newName).filter { $0.value.count > 1 }.keys.sorted()
        guard twice.isEmpty else {
            throw CommandFailure(code: .usage, message: "two collections would become \(twice.joined(separator: ", "))")
        }
        let existing = items.filter(\.isForeign).map(\.newName)
        guard existing.isEmpty || options.existing != .refuse else {
            throw CommandFailure(
                code: .cannotCreate,
                message: "\(target.url) has \(existing.joined(separator: ", ")) already: --overwrite deletes them there "
                    + "first, --skip-existing leaves them out, --collection NAME=NEWNAME copies under another name")
        }
        for item in items {
            if aliasesThere[item.newName] != nil {
                throw CommandFailure(code: .cannotCreate, message: "\(item.newName) is an alias at \(target.url)")
            }
            for alias in item.aliases {
                if there.contains(alias) {
                    throw CommandFailure(
                        code: .cannotCreate, message: "the alias \(alias) of \(item.name) is a collection at \(target.url)")
                }
                if let other = aliasesThere[alias], other != item.newName, options.existing != .overwrite {
                    throw CommandFailure(
                        code: .cannotCreate,
                        message: "the alias \(alias) of \(item.name) names \(other) at \(target.url); --overwrite changes that")
                }
            }
        }
    }

    /// Why the target would refuse a collection: found out by making an empty one like it under a name of its own, which
    /// is deleted again.
    func obstacles(_ item: Item) async throws -> [String] {
        var obstacles = item.blueprint.obstacles
        let trial = "quiver-migrate-trial-" + String(UInt64.random(in: 0...UInt64.max), radix: 16)
        if let refusal = try await refusal("PUT", RESTClient.path(trial), item.blueprint.create) {
            obstacles.append("the collection: " + refusal)
            return obstacles
        }
        for index in item.blueprint.indexes {
            let refused = try await refusal("PUT", RESTClient.path(trial, "/index?wait=true"), Self.indexBody(index))
            if let refused { obstacles.append("the index of \(index.field): " + refused) }
        }
        if let finish = item.blueprint.finish,
            let refusal = try await refusal("PATCH", RESTClient.path(trial), finish)
        {
            obstacles.append("its limits: " + refusal)
        }
        _ = try await target.call("DELETE", RESTClient.path(trial))
        return obstacles
    }

    private func refusal(_ method: String, _ path: String, _ body: JSONValue) async throws(CommandFailure) -> String? {
        let answer = try await target.call(method, path, body.bytes, accepting: Set(200..<500).union([501]).subtracting([408, 429, 401, 403]))
        return answer.status == 200 ? nil : "\(answer.status) \(RESTClient.message(answer.body))"
    }

    private static func indexBody(_ index: CollectionBlueprint.Index) -> JSONValue {
        .object([.init("field_name", .string(index.field)), .init("field_schema", index.schema)])
    }

    // MARK: Copying

    func run(_ items: [Item], file: MigrationStateFile) async throws -> Summary {
        for item in items where !item.blueprint.obstacles.isEmpty {
            throw CommandFailure(
                code: .dataError, message: "\(item.name): \(item.blueprint.obstacles.joined(separator: "; "))")
        }
        var summary = Summary()
        for item in items {
            if item.isForeign, options.existing == .skip {
                summary.skipped.append(item.name)
                progress.note("\(item.name): \(item.newName) is at the target already, left out")
                continue
            }
            for member in item.blueprint.unknown {
                progress.note("\(item.name): \(member) is not known here and was passed on as it is")
            }
            let state = try await prepare(item, file)
            summary.collections += 1
            let started = ContinuousClock.now
            if state.phase == .copying { summary.copied += try await copy(item, state, file) }
            summary.seconds += (ContinuousClock.now - started).inSeconds
            guard options.verifies, state.phase != .verified else { continue }
            let outcome = try await verify(item, pointsAtStart: file.current.collections[item.name]?.points ?? item.points)
            summary.outcomes.append((item.name, outcome))
            try file.update { $0.collections[item.name]?.phase = outcome.differences.isEmpty ? .verified : .differs }
        }
        return summary
    }

    /// Makes the collection and its indexes, unless an earlier run did.
    ///
    /// Indexes come before the points: Qdrant adds the links of its graph that serve an index only where the index is
    /// there when the graph is built.
    private func prepare(_ item: Item, _ file: MigrationStateFile) async throws -> MigrationState.Collection {
        let fingerprint = Self.fingerprint(item.blueprint)
        let exists = try await target.resultIfThere("GET", RESTClient.path(item.newName)) != nil
        if let state = file.current.collections[item.name], state.target == item.newName {
            let isLeft = state.phase == .differs && options.existing == .overwrite
            if exists, !isLeft, state.fingerprint == fingerprint { return state }
            guard !exists || options.existing == .overwrite else {
                throw CommandFailure(
                    code: .dataError,
                    message: "the configuration of \(item.name) has changed since its copy began; --overwrite begins anew")
            }
            if !exists { progress.note("\(item.name): the copy that was begun is gone from the target, beginning anew") }
        }
        if exists { _ = try await target.call("DELETE", RESTClient.path(item.newName)) }
        let fresh = MigrationState.Collection(
            target: item.newName, phase: .copying, copied: 0, points: item.points,
            remaining: [MigrationState.Remaining(next: .first, end: .end)], fingerprint: fingerprint)
        // Noted first: a collection that is there and not noted would be somebody else's.
        try file.update { $0.collections[item.name] = fresh }
        _ = try await target.result("PUT", RESTClient.path(item.newName), item.blueprint.create, isCreation: true)
        return fresh
    }

    private static func fingerprint(_ blueprint: CollectionBlueprint) -> String {
        let text = blueprint.create.text + blueprint.indexes.map { $0.field + $0.schema.text }.sorted().joined()
        return MigrationStateFile.hash(text)
    }

    /// - Returns: how many points this run copied.
    private func copy(_ item: Item, _ state: MigrationState.Collection, _ file: MigrationStateFile) async throws -> Int {
        for index in item.blueprint.indexes {
            _ = try await target.result("PUT", RESTClient.path(item.newName, "/index?wait=true"), Self.indexBody(index))
        }
        let ledger = CopyLedger(remaining: state.remaining.map { ($0.next, $0.end) }, copied: state.copied)
        progress.begin("copying \(item.name)", total: item.points, unit: .points, before: state.copied)
        let copier = PointCopier(
            source: source, target: target, sourceName: item.name, targetName: item.newName, blueprint: item.blueprint,
            options: options.copier, ledger: ledger, progress: progress)
        do {
            try await withThrowingTaskGroup(of: Bool.self) { group in
                group.addTask {
                    try await copier.run()
                    return true
                }
                group.addTask {
                    while !Task.isCancelled {
                        try? await Task.sleep(for: .seconds(1))
                        try Self.note(ledger, item, file)
                    }
                    return false
                }
                while try await group.next() == false {}
                group.cancelAll()
            }
        } catch {
            try? Self.note(ledger, item, file)
            progress.end()
            throw error
        }
        progress.end()
        try await finish(item)
        try file.update { state in
            state.collections[item.name]?.phase = .copied
            state.collections[item.name]?.copied = ledger.copied
            state.collections[item.name]?.remaining = []
        }
        return ledger.copied - state.copied
    }

    private static func note(_ ledger: CopyLedger, _ item: Item, _ file: MigrationStateFile) throws(CommandFailure) {
        let remaining = ledger.remaining.map { MigrationState.Remaining(next: $0.next, end: $0.end) }
        let copied = ledger.copied
        guard file.current.collections[item.name]?.remaining != remaining else { return }
        try file.update { state in
            state.collections[item.name]?.remaining = remaining
            state.collections[item.name]?.copied = copied
        }
    }

    /// Aliases show the copy only when all points are in it.
    private func finish(_ item: Item) async throws {
        if let finish = item.blueprint.finish { _ = try await target.result("PATCH", RESTClient.path(item.newName), finish) }
        guard !item.aliases.isEmpty else { return }
        let actions = item.aliases.map { alias -> JSONValue in
            .object([
                .init(
                    "create_alias",
                    .object([.init("collection_name", .string(item.newName)), .init("alias_name", .string(alias))]))
            ])
        }
        _ = try await target.result("POST", "/collections/aliases", .object([.init("actions", .array(actions))]))
    }

    private func verify(_ item: Item, pointsAtStart: Int) async throws -> CopyVerifier.Outcome {
        let outcome = try await CopyVerifier(
            source: source, target: target, sourceName: item.name, targetName: item.newName, blueprint: item.blueprint,
            pointsAtStart: pointsAtStart, aliases: item.aliases, options: options.verifier, progress: progress
        ).run()
        for note in outcome.notes { progress.note("\(item.name): \(note)") }
        for difference in outcome.differences {
            if progress.form == .json {
                progress.event("difference") { writer in
                    writer.member("collection", item.name)
                    writer.member("text", difference)
                }
            } else {
                progress.note("\(item.name): \(difference)")
            }
        }
        return outcome
    }
}
