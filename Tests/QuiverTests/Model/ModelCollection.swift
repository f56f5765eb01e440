import Quiver
import QuiverTestKit

/// A point as it has to be stored.
struct ModelPoint: Equatable {
    var id: PointID
    /// By name; normalised where the distance is Cosine.
    var vectors: [String: [Float]]
    var payload: PlainJSON
    var version: UInt64 = 0
}

/// One change, with JSON that can be looked into. `operation` is what the engine gets.
enum ModelOperation {
    case upsert([ModelPoint], UpdateMode, Filter?)
    case updateVectors([(id: PointID, vectors: [String: [Float]])], Filter?)
    case deleteVectors(PointSelector, [String])
    case deletePoints(PointSelector)
    case setPayload(PlainJSON, PointSelector, key: String?)
    case overwritePayload(PlainJSON, PointSelector)
    case deletePayload([String], PointSelector)
    case clearPayload(PointSelector)

    func operation(isUnnamed: Bool) throws -> UpdateOperation {
        func vectors(_ named: [String: [Float]]) -> PointVectors {
            if isUnnamed { return named[""].map { .unnamed(.dense($0)) } ?? .none }
            return .named(named.mapValues { .dense($0) })
        }
        switch self {
        case .upsert(let points, let mode, let filter):
            var batch = PointBatch(
                try points.map {
                    Point(id: $0.id, vectors: vectors($0.vectors), payload: try Payload(json: $0.payload.text))
                })
            batch.mode = mode
            batch.updateFilter = filter
            return .upsert(batch)
        case .updateVectors(let entries, let filter):
            var batch = PointBatch(entries.map { Point(id: $0.id, vectors: vectors($0.vectors)) })
            batch.updateFilter = filter
            return .updateVectors(batch)
        case .deleteVectors(let selector, let names): return .deleteVectors(selector, names: names)
        case .deletePoints(let selector): return .deletePoints(selector)
        case .setPayload(let payload, let selector, let key):
            return .setPayload(
                try Payload(json: payload.text), selector, path: try key.map { try PayloadPath(parsing: $0) })
        case .overwritePayload(let payload, let selector):
            return .overwritePayload(try Payload(json: payload.text), selector)
        case .deletePayload(let keys, let selector):
            return .deletePayload(keys: try keys.map { try PayloadPath(parsing: $0) }, selector)
        case .clearPayload(let selector): return .clearPayload(selector)
        }
    }
}

/// The collection, as a dictionary.
struct ModelCollection {
    struct Missing: Error {}

    /// Distance by vector name.
    private(set) var distances: [String: Distance]
    private(set) var points: [PointID: ModelPoint] = [:]

    init(distances: [String: Distance]) { self.distances = distances }

    /// All or none.
    mutating func apply(_ operations: [ModelOperation]) throws(Missing) -> Set<PointID> {
        let before = points
        var touched: Set<PointID> = []
        do throws(Missing) {
            for operation in operations { touched.formUnion(try apply(operation)) }
        } catch {
            points = before
            throw error
        }
        return touched
    }

    mutating func setVersion(_ version: UInt64, of ids: Set<PointID>) {
        for id in ids { points[id]?.version = version }
    }

    mutating func addVector(_ name: String, _ distance: Distance) { distances[name] = distance }

    mutating func dropVector(_ name: String) {
        distances[name] = nil
        for id in points.keys { points[id]?.vectors[name] = nil }
    }

    private func stored(_ vectors: [String: [Float]]) -> [String: [Float]] {
        Dictionary(uniqueKeysWithValues: vectors.map { name, vector in
            (name, distances[name] == .cosine ? PlainMath.normalised(vector) : vector)
        })
    }

    private mutating func apply(_ operation: ModelOperation) throws(Missing) -> Set<PointID> {
        switch operation {
        case .upsert(let all, let mode, let filter):
            let there = Set(all.map(\.id).filter { points[$0] != nil })
            let refused = Set(there.subtracting(matching(filter).map(\.id)))
            let new = all.filter { point in
                switch mode {
                case .upsert: !refused.contains(point.id)
                case .insertOnly: !there.contains(point.id)
                case .updateOnly: there.contains(point.id) && !refused.contains(point.id)
                }
            }
            for point in new {
                points[point.id] = ModelPoint(id: point.id, vectors: stored(point.vectors), payload: point.payload)
            }
            return Set(new.map(\.id))
        case .updateVectors(let all, let filter):
            let matching = Set(matching(filter).map(\.id))
            let entries = all.filter { points[$0.id] == nil || matching.contains($0.id) }
            for entry in entries {
                guard points[entry.id] != nil else { throw Missing() }
                for (name, vector) in stored(entry.vectors) { points[entry.id]?.vectors[name] = vector }
            }
            return Set(entries.map(\.id))
        case .deleteVectors(let selector, let names):
            return try edit(selector) { point in for name in names { point.vectors[name] = nil } }
        case .deletePoints(let selector):
            let ids = try selected(selector, missingIsFine: true)
            for id in ids { points[id] = nil }
            return ids
        case .setPayload(let changes, let selector, let key):
            return try edit(selector) { point in
                guard let key else {
                    point.payload = ModelCollection.merged(changes, into: point.payload)
                    return
                }
                let inner = ModelCollection.merged(changes, into: point.payload[key] ?? .object([]))
                // A member that is there already is replaced in its place, even where the merge leaves `{}`.
                point.payload = ModelCollection.merged(.object([.init(key, inner)]), into: point.payload)
            }
        case .overwritePayload(let payload, let selector): return try edit(selector) { $0.payload = payload }
        case .deletePayload(let keys, let selector):
            return try edit(selector) { point in
                point.payload = .object(point.payload.members.filter { !keys.contains($0.key) })
            }
        case .clearPayload(let selector): return try edit(selector) { $0.payload = .object([]) }
        }
    }

    private static func merged(_ changes: PlainJSON, into old: PlainJSON) -> PlainJSON {
        var members = old.members
        for change in changes.members {
            let place = members.firstIndex { $0.key == change.key }
            if change.value == .null {
                if let place { members.remove(at: place) }
            } else if let place {
                members[place].value = change.value
            } else {
                members.append(change)
            }
        }
        return .object(members)
    }

    private mutating func edit(
        _ selector: PointSelector, _ change: (inout ModelPoint) -> Void
    ) throws(Missing) -> Set<PointID> {
        let ids = try selected(selector, missingIsFine: false)
        for id in ids {
            if var point = points[id] {
                change(&point)
                points[id] = point
            }
        }
        return ids
    }

    private func selected(_ selector: PointSelector, missingIsFine: Bool) throws(Missing) -> Set<PointID> {
        switch selector {
        case .ids(let ids):
            let there = Set(ids.filter { points[$0] != nil })
            if !missingIsFine, there.count < Set(ids).count { throw Missing() }
            return there
        case .filter(let filter): return Set(matching(filter).map(\.id))
        }
    }

    // MARK: Reading

    /// In the order of ids.
    func matching(_ filter: Filter?) -> [ModelPoint] {
        points.values.filter { point in filter.map { PlainFilter(point: point).holds($0) } ?? true }
            .sorted { $0.id < $1.id }
    }
}
