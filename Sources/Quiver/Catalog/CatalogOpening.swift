import Glibc
import Logging

import QuiverLMDB
import QuiverModel

/// Opens the catalogue of a storage directory; makes it where the directory is new, and anew where it is damaged or lost.
struct CatalogOpening {
    let storage: String
    let logger: Logger

    private var path: String { storage + "/catalog.mdb" }
    private static let unfinishedBytes = 64 << 10

    /// - Throws: `.corrupted` where it is damaged and there is nothing to make it of, and for what another version wrote;
    ///   what is no matter of content.
    func run() throws -> Catalog {
        CatalogRebuild.removeAside(storage)
        Files.remove(CatalogRecord.asidePath(storage))
        // The catalogue is there before the first collection is: without it every collection would be a left-over.
        let isNew = try !wasOpened()
        if try !isNew && isLost() { return try rebuilt(QuiverError(.corrupted, "\(path) is missing or empty")) }
        do {
            return try Catalog(path: path, isNew: isNew, logger: logger)
        } catch let error as Catalog.OtherVersion {
            throw error.reason
        } catch {
            let error = QuiverError(wrapping: error)
            guard error.kind == .corrupted else { throw error }
            if !isNew || Files.exists(storage + "/collections") { return try rebuilt(error) }
            // A first opening that the power was taken from; nothing was ever in it, for the directory of the collections
            // is made after its first commit, of a few pages.
            guard Files.byteCount(path) <= CatalogOpening.unfinishedBytes else { throw error }
            logger.warning("\(path) was never finished, and is made anew")
            Files.remove(path)
            Files.remove(EnvironmentStamp.path(of: path))
            return try Catalog(path: path, isNew: true, logger: logger)
        }
    }

    /// Whether an opening came to its end, or to a collection.
    private func wasOpened() throws -> Bool {
        if Files.exists(CatalogRecord.path(storage)) { return true }
        let collections = storage + "/collections"
        return try Files.exists(collections) && !Files.names(in: collections).isEmpty
    }

    private func isLost() throws(FileError) -> Bool {
        var status = stat()
        if unsafe stat(path, &status) == 0 { return status.st_size == 0 }
        if errno == ENOENT { return true }
        throw FileError(operation: "read", path: path, code: errno)
    }

    private func rebuilt(_ damage: QuiverError) throws -> Catalog {
        let rebuild: CatalogRebuild
        do {
            rebuild = try CatalogRebuild(reading: storage)
        } catch is CatalogRebuild.NothingKept {
            throw damage
        }
        let kept = try rebuild.run()
        rebuild.tell(damage.message, kept: kept, logger)
        return try Catalog(path: path, isNew: false, logger: logger)
    }
}
