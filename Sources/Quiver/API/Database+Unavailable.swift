import QuiverLMDB
public import QuiverModel

/// A collection that the catalogue names and that could not be opened: its files are damaged, or cannot be read. It is
/// listed, its aliases stay, and whatever is asked of it is answered with `reason`. It can be deleted, or restored over.
package struct UnavailableCollection: Sendable {
    package var config: CollectionConfig
    package var reason: QuiverError
    /// Name of its directory below `collections/`.
    var directory: String
    var vectorGeneration: UInt64?

    init(_ name: String, _ stored: Catalog.StoredCollection, _ error: QuiverError) {
        config = stored.config
        directory = stored.directory
        vectorGeneration = stored.vectorGeneration
        reason = QuiverError(error.kind, "collection `\(name)` is unavailable: \(error.message)")
    }

    /// Whether a collection that cannot be opened for this reason is no reason not to open the others.
    static func isConfined(_ error: QuiverError) -> Bool {
        switch error.kind {
        case .corrupted, .service: true
        default: false
        }
    }

    /// What is told of it.
    package var info: CollectionInfo {
        CollectionInfo(
            status: .red, optimizerError: reason.message, pointsCount: 0, indexedVectorsCount: 0, segmentsCount: 0,
            config: config, payloadSchema: [:], updateQueueLength: 0)
    }
}

extension Database {
    /// The names of the collections that could not be opened, sorted, and why.
    public var unavailableCollections: [(name: String, reason: QuiverError)] {
        unavailableByName.sorted { $0.key < $1.key }.map { (name: $0.key.text, reason: $0.value.reason) }
    }

    /// Nil where the collection serves, or there is none.
    package func unavailableCollection(_ nameOrAlias: String) -> UnavailableCollection? { unavailable(nameOrAlias) }
}
