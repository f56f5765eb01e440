import ArgumentParser
import Logging
import Quiver
import QuiverModel

/// Snapshots in a directory, and of a storage directory that no server has open. Listing, reading and deleting look at the
/// files alone.
final class OfflineSnapshots: SnapshotPlace {
    private let storage: String?
    private let path: String
    private let files: LocalSnapshotStorage

    /// - Parameters:
    ///   - storage: the storage directory; nil where only files are looked at.
    ///   - snapshots: nil: `snapshots` in the storage directory.
    ///   - isNew: the storage directory may be made.
    /// - Throws: `CommandFailure` with 66 when there is no such directory.
    init(storage: String?, snapshots: String?, isNew: Bool = false) throws(CommandFailure) {
        if let storage, !isNew { try InputDirectory.check(storage) }
        self.storage = storage
        path = snapshots ?? (storage ?? ".") + "/snapshots"
        do throws(QuiverError) {
            files = try LocalSnapshotStorage(path: path)
        } catch {
            throw CommandFailure(error, path)
        }
    }

    var name: String { path }

    /// The storage directory, opened.
    func open() throws -> Database {
        guard let storage else { throw CommandFailure(code: .usage, message: "this needs --storage") }
        var options = Database.Options()
        options.snapshotsPath = path
        options.logger = Logger(label: "quiver") { LineLogHandler(label: $0, level: .error, format: .text) }
        return try StorageOpening.open(storage, options: options)
    }

    func create(_ scope: SnapshotScope, _ progress: Progress) async throws -> SnapshotDescription {
        let database = try open()
        defer { database.close() }
        progress.begin("snapshot of \(scope.text)", unit: .bytes)
        do throws(QuiverError) {
            let made = try database.snapshots.create(scope, in: database, progress: { progress.reach(Int(clamping: $0)) })
            progress.end()
            return made
        } catch {
            progress.clear()
            throw CommandFailure(error, scope.text)
        }
    }

    func list(_ scope: SnapshotScope) async throws -> [SnapshotDescription] {
        do throws(QuiverError) {
            return try files.list(scope)
        } catch {
            throw CommandFailure(error, path)
        }
    }

    func delete(_ scope: SnapshotScope, _ snapshot: String) async throws {
        do throws(QuiverError) {
            guard try files.delete(scope, name: snapshot) else {
                throw QuiverError.notFound("there is no snapshot \(snapshot)")
            }
        } catch {
            throw CommandFailure(error, path)
        }
    }

    /// - Throws: `CommandFailure` with 66 when there is none.
    func content(_ scope: SnapshotScope, _ snapshot: String) throws -> SnapshotFile {
        let found: any SnapshotContent
        do throws(QuiverError) {
            found = try files.open(scope, name: snapshot)
        } catch {
            throw CommandFailure(error, path)
        }
        return try SnapshotFile(found, name: snapshot)
    }

    func read(
        _ scope: SnapshotScope, _ snapshot: String, from offset: Int, restart: () throws -> Void,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) async throws {
        do {
            let content = try files.open(scope, name: snapshot)
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
            defer { buffer.deallocate() }
            var place = UInt64(offset)
            while true {
                try Interruption.check()
                let count = try content.read(at: place, into: buffer)
                guard count > 0 else { return }
                try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                place += UInt64(count)
            }
        } catch let error as QuiverError {
            throw CommandFailure(error, path)
        }
    }
}
