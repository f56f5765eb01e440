package import QuiverModel

/// A collection that is being made aside, in a directory that the catalogue does not name: records first, then
/// segments, then `publish`. Should the process end before, the next opening removes it.
///
/// For one thread at a time; blocking.
package final class CollectionStaging {
    package let manifest: CollectionManifest
    /// The name of its directory.
    package let identity: String
    let database: Database

    init(_ manifest: CollectionManifest, identity: String, database: Database) throws {
        self.manifest = manifest
        self.identity = identity
        self.database = database
    }

    /// The next part of what `CollectionCut.forEachRecordPart` gave.
    package func addRecordPart(_ bytes: UnsafeRawBufferPointer) throws(QuiverError) {
        throw .notImplemented("restoring is not there yet")
    }

    package func beginSegment(_ file: SegmentFile) throws(QuiverError) {
        throw .notImplemented("restoring is not there yet")
    }

    package func addSegmentPart(_ bytes: UnsafeRawBufferPointer) throws(QuiverError) {
        throw .notImplemented("restoring is not there yet")
    }

    /// - Throws: `.corrupted` when length or digest are not those of `beginSegment`.
    package func endSegment() throws(QuiverError) {
        throw .notImplemented("restoring is not there yet")
    }

    /// Applies an update of the log after all records and segments are there.
    package func replay(_ record: UnsafeRawBufferPointer) throws {
        throw QuiverError.notImplemented("replaying is not there yet")
    }

    /// Checks the whole, opens it, and makes it the collection `name`, in the place of one that has the name already
    /// where `replacing` allows it: that one's readers and writers end as if it had been deleted.
    ///
    /// - Throws: `.alreadyExists`, `.badRequest` where the vectors of the present collection are others, `.corrupted`.
    package func publish(as name: String, replacing: Bool) throws(QuiverError) {
        throw .notImplemented("restoring is not there yet")
    }

    /// Removes everything; after `publish` it does nothing.
    package func discard() {}
}

extension Database {
    /// Begins a collection aside, with the configuration and vector set of `manifest`.
    package func stage(_ manifest: CollectionManifest) throws(QuiverError) -> CollectionStaging {
        do {
            return try CollectionStaging(manifest, identity: Database.newDirectoryName(), database: self)
        } catch {
            throw QuiverError(wrapping: error)
        }
    }
}
