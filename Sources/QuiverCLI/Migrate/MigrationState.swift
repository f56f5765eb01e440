import QuiverJSON
import QuiverModel

/// What a migration has done so far, as its file has it: JSON, written whole beside the old one and put in its place.
///
///     {"format": 1, "from": "http://qdrant:6333", "to": "http://127.0.0.1:6333", "collections": {
///       "products": {"as": "products", "phase": "copying", "copied": 51200, "points": 100000,
///                    "remaining": [{"next": "51200", "end": "75000"}, {"next": "90000", "end": ""}],
///                    "fingerprint": "…"}}}
struct MigrationState: Equatable, Sendable {
    static let format = 1

    enum Phase: String, Sendable {
        /// Made at the target, with its indexes; points are on their way.
        case copying
        /// All points, aliases and limits are there.
        case copied
        /// And it was found equal.
        case verified
        /// And it was found different.
        case differs
    }

    struct Collection: Equatable, Sendable {
        var target: String
        var phase: Phase
        var copied: Int
        /// Points of the source when the copy began.
        var points: Int
        var remaining: [Remaining]
        /// Of the configuration that it was made with.
        var fingerprint: String
    }

    struct Remaining: Equatable, Sendable {
        var next: PointKey
        /// The first id that is not part of it.
        var end: PointKey
    }

    var from: String
    var to: String
    /// By the name at the source.
    var collections: [String: Collection] = [:]

    var bytes: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("format", Self.format)
        writer.member("from", from)
        writer.member("to", to)
        writer.key("collections")
        writer.beginObject()
        for (name, collection) in collections.sorted(by: { $0.key < $1.key }) {
            writer.key(named: name)
            writer.beginObject()
            writer.member("as", collection.target)
            writer.member("phase", collection.phase.rawValue)
            writer.member("copied", collection.copied)
            writer.member("points", collection.points)
            writer.key("remaining")
            writer.beginArray()
            for range in collection.remaining {
                writer.beginObject()
                writer.member("next", range.next.description)
                writer.member("end", range.end.description)
                writer.endObject()
            }
            writer.endArray()
            writer.member("fingerprint", collection.fingerprint)
            writer.endObject()
        }
        writer.endObject()
        writer.endObject()
        return writer.bytes
    }

    init(from: String, to: String) {
        self.from = from
        self.to = to
    }

    /// - Returns: nil when the bytes are no state of this format.
    init?(bytes: [UInt8]) {
        guard let value = try? JSONValue(parsing: bytes), value["format"]?.count == Self.format,
            let from = value["from"]?.string, let to = value["to"]?.string, let collections = value["collections"]
        else { return nil }
        self.init(from: from, to: to)
        for member in collections.members {
            guard let collection = Collection(member.value) else { return nil }
            self.collections[member.key] = collection
        }
    }
}

extension MigrationState.Collection {
    fileprivate init?(_ value: JSONValue) {
        guard let target = value["as"]?.string, let phase = value["phase"]?.string.flatMap(MigrationState.Phase.init),
            let copied = value["copied"]?.count, let points = value["points"]?.count,
            let fingerprint = value["fingerprint"]?.string, case .array(let ranges) = value["remaining"]
        else { return nil }
        var remaining: [MigrationState.Remaining] = []
        for range in ranges {
            guard let next = range["next"]?.string.flatMap(PointKey.init(description:)),
                let end = range["end"]?.string.flatMap(PointKey.init(description:))
            else { return nil }
            remaining.append(MigrationState.Remaining(next: next, end: end))
        }
        self.init(
            target: target, phase: phase, copied: copied, points: points, remaining: remaining, fingerprint: fingerprint)
    }
}
