import QuiverModel

/// The file that a snapshot is: an archive as `ArchiveFormat` describes it, of these files in this order.
///
/// | file | content |
/// |---|---|
/// | `quiver.json` | `SnapshotHead` |
/// | for each collection `n` = `00000000`, `00000001`, …: | |
/// | `collections/n/collection.json` | `CollectionManifest` |
/// | `collections/n/records/…` | parts of the stream of its records (`RecordStream`) |
/// | then for each collection again, for each of its segments: | |
/// | `collections/n/segments/<id>/…` | parts of the segment's file, 4 MiB each but the last; the id in 16 hexadecimal digits |
///
/// Collections come in the order of their names, segments in that of their ids.
package enum SnapshotArchive {
    package static let format = 1
    static let headName = "quiver.json"

    static func directory(_ index: Int) -> String { "collections/" + padded(String(index), 8) }
    static func manifestName(_ index: Int) -> String { directory(index) + "/collection.json" }
    static func recordsStem(_ index: Int) -> String { directory(index) + "/records" }
    static func segmentStem(_ index: Int, _ segment: UInt64) -> String {
        directory(index) + "/segments/" + padded(String(segment, radix: 16), 16)
    }

    private static func padded(_ digits: String, _ count: Int) -> String {
        String(repeating: "0", count: max(0, count - digits.utf8.count)) + digits
    }
}

/// What `quiver.json` says.
package struct SnapshotHead: Codable, Sendable {
    package enum Kind: String, Codable, Sendable {
        case collection
        case storage
    }

    package struct Alias: Codable, Sendable, Equatable {
        package var alias: String
        package var collection: String

        package init(alias: String, collection: String) {
            self.alias = alias
            self.collection = collection
        }
    }

    package var format: Int
    package var kind: Kind
    /// Microseconds since 1970.
    package var time: UInt64
    /// The names of its collections, in order.
    package var collections: [String]
    /// Of the whole storage.
    package var aliases: [Alias]
}
