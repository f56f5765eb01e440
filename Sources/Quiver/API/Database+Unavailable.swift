import Logging

import QuiverLMDB
public import QuiverModel

/// A collection that the catalogue names and that does not serve: it could not be opened, or its data were found to be
/// lost while it was served. It is listed, its aliases stay, and whatever is asked of it is answered with `reason`. It can
/// be deleted, or restored over.
package struct UnavailableCollection: Sendable {
    package var reason: QuiverError
    let stored: Catalog.StoredCollection
    /// When it may be opened again. Nil: not before the next start, or somebody is at it.
    var nextAttempt: ContinuousClock.Instant?
    /// From the last attempt to the next: each may read the whole collection.
    private var pause = firstPause

    package var config: CollectionConfig { stored.config }
    /// Name of its directory below `collections/`.
    var directory: String { stored.directory }

    /// It could not be opened.
    ///
    /// - Parameter former: what became of the attempt before this one.
    init(
        _ name: String, _ stored: Catalog.StoredCollection, _ error: QuiverError, after former: UnavailableCollection? = nil
    ) {
        self.stored = stored
        reason = UnavailableCollection.reason(name, error)
        if let former { pause = min(former.pause * 2, UnavailableCollection.longestPause) }
        // What is damaged stays so.
        if error.kind == .corrupted { return }
        reason.message += "; opening it is tried again"
        nextAttempt = .now + pause
    }

    /// It was served.
    init(_ core: CollectionCore, _ directory: String, _ reason: QuiverError) {
        stored = core.stored(directory)
        self.reason = reason
    }

    private static let firstPause = Duration.seconds(5)
    private static let longestPause = Duration.seconds(60)

    static func reason(_ name: String, _ error: QuiverError) -> QuiverError {
        QuiverError(error.kind, "collection `\(name)` is unavailable: \(error.message)")
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
    /// The names of the collections that do not serve because of their files, sorted, and why.
    public var unavailableCollections: [(name: String, reason: QuiverError)] {
        unavailableByName.sorted { $0.key < $1.key }.map { (name: $0.key.text, reason: $0.value.reason) }
    }

    /// Nil where the collection serves, or there is none. As with every request, one whose files could not be read is
    /// tried again after a while.
    package func unavailableCollection(_ nameOrAlias: String) -> UnavailableCollection? {
        guard let (name, found) = unavailable(nameOrAlias) else { return nil }
        if found.nextAttempt != nil { tryAgain(name) }
        return found
    }

    /// Opens what could not be read a while ago, on a thread of its own: until then the answer stays.
    func tryAgain(_ name: ExactName) {
        guard takeAttempt(name) else { return }
        OSThread.detach { [weak self] in
            guard let self else { return }
            // Nobody deletes it or restores over it meanwhile.
            try? changingCatalog { () throws(QuiverError) in
                guard let former = unavailableByName[name] else { return }
                let stored = former.stored
                let core: CollectionCore
                do throws(QuiverError) {
                    core = try openStored(name, stored)
                } catch {
                    noteUnavailable(name, UnavailableCollection(name.text, stored, error, after: former))
                    return
                }
                notePresent(name, core, stored.directory)
                options.logger.notice("collection `\(name.text)` could be opened, and serves again")
            }
        }
    }
}
