package import QuiverModel

/// Snapshots in a directory: those of a collection in `<collection>/`, those of the whole storage at the top, each
/// with `<name>.checksum` beside it.
package final class LocalSnapshotStorage: SnapshotStorage {
    private let path: String

    package init(path: String) throws(QuiverError) {
        self.path = path
    }

    package func list(_ scope: SnapshotScope) throws(QuiverError) -> [SnapshotDescription] { [] }

    package func create(
        _ scope: SnapshotScope, name: String, _ write: (any SnapshotSink) throws -> Void
    ) throws(QuiverError) -> SnapshotDescription {
        throw .notImplemented("snapshots are not there yet")
    }

    package func open(_ scope: SnapshotScope, name: String) throws(QuiverError) -> any SnapshotContent {
        throw .notImplemented("snapshots are not there yet")
    }

    package func delete(_ scope: SnapshotScope, name: String) throws(QuiverError) -> Bool { false }
}
