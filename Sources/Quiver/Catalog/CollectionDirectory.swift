import Glibc

import QuiverModel

/// A directory below `collections/`, and what it is by the names in it, so that this can be told without the catalogue:
///
/// | file | the directory is |
/// |---|---|
/// | `collection.json` | a collection's: its `CollectionRecord` |
/// | `collection.new` and not that | being made: a left-over if nobody is at it |
/// | `collection.old` and not those | of a collection that was deleted or replaced: a left-over |
/// | none of them | a left-over without data; with some the file is lost, or a version before it was written made it |
///
/// One becomes the other by a rename within the directory. The mark of one that is being made is durable before its
/// `points.mdb` is there, for `CollectionStore` makes `segments` and has the directory synchronised between the two; the
/// mark of a deleted one goes last.
struct CollectionDirectory {
    let path: String

    static let recordName = "collection.json"
    private static let newName = "collection.new"
    private static let oldName = "collection.old"
    private static let asideName = "collection.json.tmp"
    var identity: String {
        path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[path.index(after: $0)...]) } ?? path
    }
    var recordPath: String { path + "/" + CollectionDirectory.recordName }
    private var newPath: String { path + "/" + CollectionDirectory.newName }
    private var oldPath: String { path + "/" + CollectionDirectory.oldName }

    // MARK: Making

    /// Makes it, of a collection that is being made.
    func begin() throws(FileError) {
        try Files.createDirectories(path)
        let descriptor = unsafe open(newPath, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw FileError(operation: "create", path: newPath, code: errno) }
        _ = close(descriptor)
    }

    /// Everything in it is durable: from now on it is a collection's, should the catalogue have to be made anew.
    func complete(_ record: CollectionRecord) throws {
        try CheckedFile.write(try StoredConfig.encode(record), to: recordPath, key: identity, aside: newPath)
    }

    /// Writes the record of a collection that the catalogue names, and that has none that is sound.
    func restore(_ record: CollectionRecord) throws {
        let aside = path + "/" + CollectionDirectory.asideName
        do {
            try CheckedFile.write(try StoredConfig.encode(record), to: recordPath, key: identity, aside: aside)
        } catch {
            Files.remove(aside)
            throw error
        }
    }

    // MARK: Removing

    /// From now on it is nobody's, whatever becomes of it. Where there is no room for another name the record goes.
    func retire() throws(FileError) {
        if unsafe rename(recordPath, oldPath) != 0 && unlink(recordPath) != 0 {
            if errno == ENOENT || errno == ENOTDIR { return }
            throw FileError(operation: "remove", path: recordPath, code: errno)
        }
        try Files.synchronise(directory: path)
    }

    /// Retires it and removes it with all that is in it. What cannot be retired stays: its files are left-overs that the
    /// next opening tries to remove.
    ///
    /// - Throws: what kept it from being retired durably.
    func remove() throws(FileError) {
        var failure: FileError?
        do throws(FileError) {
            try retire()
        } catch {
            if Files.exists(recordPath) { throw error }
            failure = error
        }
        let marks = [CollectionDirectory.newName, CollectionDirectory.oldName]
        for name in (try? Files.names(in: path)) ?? [] where !marks.contains(name) {
            let inner = path + "/" + name
            if unsafe unlink(inner) != 0 { Files.removeTree(inner) }
        }
        // The marks say of what may come back in a power cut that it is nobody's.
        try? Files.synchronise(directory: path)
        Files.removeTree(path)
        if let failure { throw failure }
    }

    // MARK: Reading

    enum State: Equatable {
        case collection(CollectionRecord)
        /// Nobody's: it may be removed.
        case leftOver
        /// There are data, and it is not known of what collection.
        case nameless(String)
    }

    /// - Throws: `.corrupted` for a record of another format; what is no matter of content.
    func state() throws -> State {
        switch try CheckedFile.read(recordPath, key: identity) {
        case .whole(let content):
            let record = try CollectionRecord.decode(content, path: recordPath)
            guard record.identity == identity else {
                return .nameless("\(CollectionDirectory.recordName) is of \(record.identity)")
            }
            return .collection(record)
        case .damaged:
            return .nameless("\(CollectionDirectory.recordName) is damaged")
        case .missing:
            guard Files.isDirectory(path) else { return .leftOver }
            let names = Set(try Files.names(in: path))
            if names.contains(CollectionDirectory.newName) || names.contains(CollectionDirectory.oldName) { return .leftOver }
            let hasSegments = names.contains("segments") && (try? Files.names(in: path + "/segments"))?.isEmpty == false
            guard hasSegments || names.contains(CollectionStore.fileName) else { return .leftOver }
            return .nameless("it has no \(CollectionDirectory.recordName)")
        }
    }

    /// Whether the record can be read; its content is looked at where it is needed.
    func hasSoundRecord() throws(FileError) -> Bool {
        if case .whole = try CheckedFile.read(recordPath, key: identity) { return true }
        return false
    }

    /// Nil where it cannot be read.
    var record: CollectionRecord? {
        guard case .collection(let record)? = try? state() else { return nil }
        return record
    }
}
