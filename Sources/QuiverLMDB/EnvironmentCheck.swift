#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Reads an LMDB file page by page, without LMDB and without mapping it, and checks whatever LMDB trusts: it has no
/// checksums, follows every number that it finds, and ends the process where one is wrong. After a check without
/// findings no call of LMDB on the file can crash, and every look-up finds what is there.
///
/// The layout is that of LMDB 0.9 (data version 1) on a machine of this kind: little-endian, 64 bits. Checked are both
/// meta pages, and from the newest one each page that can be reached: of the free list, of the main database, of the
/// named databases, and of the sorted values of one key (a page in a node, or a tree of its own).
///
/// Nobody may write to the file meanwhile. Content of values is not looked at, but that of the free list.
package struct EnvironmentCheck {
    package struct Finding: Error, Equatable, Sendable, CustomStringConvertible {
        /// Nil: the file as a whole, or the records of its databases.
        package var page: UInt64?
        /// The named database; "" for what belongs to all: meta pages, free list, main database.
        package var database: String
        package var text: String
        /// The disk did not give it; what it holds nobody knows.
        package var isUnreadable = false

        package var description: String {
            let place = page.map { "page \($0)" } ?? "file"
            return database.isEmpty ? "\(place): \(text)" : "\(place) of database \"\(database)\": \(text)"
        }
    }

    package struct NamedDatabase: Sendable {
        package var name: String
        package var flags: Database.Flags
        package var entryCount: UInt64
        /// Where in the file its record is; see `EnvironmentRepair`.
        package var recordOffset: UInt64
        package var isSound = true
    }

    package struct Report: Sendable {
        /// Of the newest commit.
        package var transactionID: UInt64 = 0
        package var pageByteCount = 0
        package var reachedPageCount = 0
        package var freePageCount = 0
        /// All pages that were ever used.
        package var pageCount = 0
        package var databases: [NamedDatabase] = []
        /// The first of each database; those that the whole file hangs on come first.
        package var findings: [Finding] = []

        package var isSound: Bool { findings.isEmpty }
        /// Whether everything but some named databases is sound.
        package var hasSoundRoot: Bool { findings.allSatisfy { !$0.database.isEmpty } }
    }

    package enum Failure: Error {
        case cancelled
        case storage(LMDBError)
    }

    /// - Parameters:
    ///   - last: The named databases to be read behind the others. A page that two claim is a finding of the later one.
    ///   - progress: Gets the bytes read so far and those of the file; false ends the check.
    package static func run(
        path: String, last: (String) -> Bool = { _ in false }, progress: (Int, Int) -> Bool = { _, _ in true }
    ) throws(Failure) -> Report {
        let file: PageFile
        do throws(LMDBError) {
            file = try PageFile(path: path)
        } catch {
            throw .storage(error)
        }
        return try withoutActuallyEscaping(progress) { (progress) throws(Failure) -> Report in
            let walk = PageWalk(file: file, progress: progress)
            return try walk.run(last: last)
        }
    }

    /// The number of the newest commit and the page size, by the meta pages alone; nil where they are not sound.
    package static func newestTransaction(path: String) throws(LMDBError) -> UInt64? {
        let file = try PageFile(path: path)
        return (try? MetaPages(file))?.newest.transactionID
    }
}

/// An LMDB file read by `pread`.
@safe
final class PageFile {
    let path: String
    let byteCount: Int
    private let descriptor: Int32

    init(path: String) throws(LMDBError) {
        self.path = path
        descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 { throw errno == ENOENT ? .noSuchFile(path: path) : .from(code: errno, path: path) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            _ = closeFile(descriptor)
            throw .from(code: errno, path: path)
        }
        byteCount = Int(status.st_size)
    }

    deinit { _ = closeFile(descriptor) }

    /// False where the file ends before.
    func read(_ count: Int, at offset: Int, into memory: UnsafeMutableRawPointer) throws(LMDBError) -> Bool {
        var done = 0
        while done < count {
            let got = unsafe pread(descriptor, memory + done, count - done, off_t(offset + done))
            if got < 0 {
                if errno == EINTR { continue }
                throw .from(code: errno, path: path)
            }
            if got == 0 { return false }
            done += got
        }
        return true
    }
}

private func closeFile(_ descriptor: Int32) -> Int32 { close(descriptor) }

/// `MDB_db`: the record of a database.
struct TreeRecord {
    static let byteCount = 48
    static let noPage = UInt64.max

    var pad: UInt32
    var flags: UInt16
    var depth: UInt16
    var branchPages: UInt64
    var leafPages: UInt64
    var overflowPages: UInt64
    var entries: UInt64
    var root: UInt64

    init(_ at: UnsafeRawPointer) {
        pad = unsafe at.loadUnaligned(as: UInt32.self)
        flags = unsafe at.loadUnaligned(fromByteOffset: 4, as: UInt16.self)
        depth = unsafe at.loadUnaligned(fromByteOffset: 6, as: UInt16.self)
        branchPages = unsafe at.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
        leafPages = unsafe at.loadUnaligned(fromByteOffset: 16, as: UInt64.self)
        overflowPages = unsafe at.loadUnaligned(fromByteOffset: 24, as: UInt64.self)
        entries = unsafe at.loadUnaligned(fromByteOffset: 32, as: UInt64.self)
        root = unsafe at.loadUnaligned(fromByteOffset: 40, as: UInt64.self)
    }
}

/// The two meta pages: a page header, then magic u32, version u32, address u64, map size u64, the records of free list
/// and main database, last page u64, transaction u64.
struct MetaPages {
    struct Meta {
        var freeList: TreeRecord
        var main: TreeRecord
        var lastPage: UInt64
        var transactionID: UInt64
    }

    static let magic: UInt32 = 0xBEEF_C0DE
    static let version: UInt32 = 1
    static let headerBytes = 16
    static let byteCount = headerBytes + 24 + 2 * TreeRecord.byteCount + 16
    static let pageSizes = 512...32768

    let pageByteCount: Int
    let newest: Meta

    init(_ file: PageFile) throws(EnvironmentCheck.Finding) {
        let first = try MetaPages.read(file, page: 0, at: 0)
        let size = Int(first.freeList.pad)
        guard MetaPages.pageSizes.contains(size), size & (size - 1) == 0 else {
            throw .init(page: 0, database: "", text: "impossible page size of \(size) bytes")
        }
        let second = try MetaPages.read(file, page: 1, at: size)
        guard second.freeList.pad == first.freeList.pad else {
            throw .init(page: 1, database: "", text: "page size of \(second.freeList.pad) bytes, but \(size) in page 0")
        }
        for (page, meta) in [first, second].enumerated() where meta.transactionID & 1 != UInt64(page) {
            // An empty file begins with transaction 0 in both.
            if meta.transactionID == 0 { continue }
            throw .init(
                page: UInt64(page), database: "", text: "transaction \(meta.transactionID) cannot stand in this page")
        }
        let newer = first.transactionID < second.transactionID ? second : first
        let older = first.transactionID < second.transactionID ? first : second
        guard newer.transactionID - older.transactionID <= 1 else {
            throw .init(
                page: nil, database: "",
                text: "transactions \(older.transactionID) and \(newer.transactionID) do not follow each other")
        }
        pageByteCount = size
        newest = newer
    }

    private static func read(_ file: PageFile, page: UInt64, at offset: Int) throws(EnvironmentCheck.Finding) -> Meta {
        func broken(_ text: String) -> EnvironmentCheck.Finding { .init(page: page, database: "", text: text) }
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 8)
        defer { unsafe memory.deallocate() }
        guard let base = memory.baseAddress else { throw broken("cannot be read") }
        let at = UnsafeRawPointer(base)
        var isWhole = false
        do throws(LMDBError) {
            isWhole = try unsafe file.read(byteCount, at: offset, into: base)
        } catch {
            var finding = broken("cannot be read: \(error)")
            finding.isUnreadable = true
            throw finding
        }
        guard isWhole else { throw broken("the file ends before it") }
            guard unsafe at.loadUnaligned(fromByteOffset: 10, as: UInt16.self) == PageFlags.meta else {
                throw broken("is no meta page")
            }
            let body = unsafe at + headerBytes
            let found = unsafe body.loadUnaligned(as: UInt32.self)
            guard found == magic else { throw broken("the magic number is \(String(found, radix: 16))") }
            let version = unsafe body.loadUnaligned(fromByteOffset: 4, as: UInt32.self)
            guard version == MetaPages.version else { throw broken("data version \(version)") }
            return unsafe Meta(
                freeList: TreeRecord(body + 24), main: TreeRecord(body + 24 + TreeRecord.byteCount),
                lastPage: body.loadUnaligned(fromByteOffset: 24 + 2 * TreeRecord.byteCount, as: UInt64.self),
                transactionID: body.loadUnaligned(fromByteOffset: 32 + 2 * TreeRecord.byteCount, as: UInt64.self))
    }
}

enum PageFlags {
    static let branch: UInt16 = 0x01
    static let leaf: UInt16 = 0x02
    static let overflow: UInt16 = 0x04
    static let meta: UInt16 = 0x08
    /// Left in the pages that lie in nodes.
    static let dirty: UInt16 = 0x10
    /// A leaf of values of one size, without nodes.
    static let packed: UInt16 = 0x20
    /// A page that lies in a node.
    static let inner: UInt16 = 0x40
}

enum NodeFlags {
    static let overflow: UInt16 = 0x01
    static let tree: UInt16 = 0x02
    static let duplicates: UInt16 = 0x04
}
