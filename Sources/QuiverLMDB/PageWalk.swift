/// One walk of `EnvironmentCheck` through a file.
///
/// A page of each depth is held in memory, so that the keys of the branches above, which bound the keys below, stay where
/// they are.
@safe
final class PageWalk {
    typealias Finding = EnvironmentCheck.Finding

    /// Bytes of a key, in the memory of a page above or of this one.
    @safe struct Key {
        let base: UnsafeRawPointer
        let count: Int

        init(_ base: UnsafeRawPointer, _ count: Int) {
            unsafe self.base = unsafe base
            self.count = count
        }
    }

    enum Kind {
        case freeList, main, named, values
    }

    /// What is counted and kept of one tree.
    struct Tree {
        let kind: Kind
        let name: String
        let flags: UInt16
        let pad: UInt32
        let depth: Int
        /// Keys are numbers of this size; 0: bytes. Set by the first key where the flags only say that they are numbers.
        var numberBytes = 0
        var branchPages: UInt64 = 0
        var leafPages: UInt64 = 0
        var overflowPages: UInt64 = 0
        var entries: UInt64 = 0
        /// The newest entry of the free list before.
        var freed: UInt64 = 0

        var isSorted: Bool { flags & 0x04 != 0 }
    }

    static let mostDepth = 32
    static let longestKey = 511

    let file: PageFile
    private let progress: (Int, Int) -> Bool
    let pageBytes: Int
    let lastPage: UInt64
    let filePages: UInt64
    let metas: MetaPages?
    private let metaFinding: Finding?
    private let buffers: UnsafeMutableRawPointer
    private var claimed: [UInt64]
    var reached = 0
    var free = 0
    var named: [(database: EnvironmentCheck.NamedDatabase, record: TreeRecord)] = []
    var failure: EnvironmentCheck.Failure?

    init(file: PageFile, progress: @escaping (Int, Int) -> Bool) {
        self.file = file
        self.progress = progress
        do throws(Finding) {
            metas = try MetaPages(file)
            metaFinding = nil
        } catch {
            metas = nil
            metaFinding = error
        }
        pageBytes = metas?.pageByteCount ?? 4096
        filePages = UInt64(file.byteCount / pageBytes)
        lastPage = metas?.newest.lastPage ?? 0
        // Two trees in each other, and one page for the free list's long values.
        unsafe buffers = .allocate(byteCount: (2 * PageWalk.mostDepth + 1) * pageBytes, alignment: 16)
        let isPossible = metas != nil && lastPage <= filePages + PageWalk.mostUnwrittenPages
        claimed = Array(repeating: 0, count: isPossible ? Int(lastPage / 64) + 1 : 0)
    }

    deinit { unsafe buffers.deallocate() }

    /// Pages at the end of the file may be free and never written.
    private static let mostUnwrittenPages: UInt64 = 1 << 24

    func run(last: (String) -> Bool) throws(EnvironmentCheck.Failure) -> EnvironmentCheck.Report {
        var report = EnvironmentCheck.Report()
        guard let metas else {
            if let metaFinding { report.findings.append(metaFinding) }
            return report
        }
        report.transactionID = metas.newest.transactionID
        report.pageByteCount = pageBytes
        guard lastPage >= 1, !claimed.isEmpty else {
            report.findings.append(
                Finding(
                    page: nil, database: "", text: "the last page is \(lastPage), but the file has \(filePages) pages"))
            return report
        }
        report.pageCount = Int(lastPage) + 1
        claimed[0] |= 3
        do throws(Finding) {
            try check(metas.newest.freeList, kind: .freeList, name: "", flags: metas.newest.freeList.flags & 0x7F)
            try check(metas.newest.main, kind: .main, name: "", flags: metas.newest.main.flags)
        } catch {
            report.findings.append(error)
        }
        if let failure { throw failure }
        if report.findings.isEmpty {
            for place in named.indices.filter({ !last(named[$0].database.name) }) + named.indices.filter({ last(named[$0].database.name) }) {
                let (database, record) = named[place]
                do throws(Finding) {
                    try check(record, kind: .named, name: database.name, flags: record.flags & 0x7FFF)
                } catch {
                    named[place].database.isSound = false
                    report.findings.append(error)
                }
                if let failure { throw failure }
            }
        }
        report.databases = named.map(\.database)
        report.reachedPageCount = reached
        report.freePageCount = free
        _ = progress(file.byteCount, file.byteCount)
        return report
    }

    // MARK: Trees

    func check(_ record: TreeRecord, kind: Kind, name: String, flags: UInt16) throws(Finding) {
        var tree = Tree(
            kind: kind, name: name, flags: flags, pad: record.pad, depth: Int(record.depth),
            numberBytes: kind == .freeList ? 8 : 0)
        func broken(_ text: String) -> Finding { Finding(page: nil, database: name, text: text) }
        // Not used here: keys or values compared from their end.
        let known: UInt16 = kind == .freeList || kind == .values ? 0x18 : kind == .main ? 0 : 0x3C
        guard flags & ~known == 0, kind != .freeList || flags == 0x08 else { throw broken("flags \(flags) in its record") }
        if flags & 0x30 != 0, kind == .named, !tree.isSorted { throw broken("flags \(flags) in its record") }
        guard record.depth <= PageWalk.mostDepth, (record.depth == 0) == (record.root == TreeRecord.noPage) else {
            throw broken("depth \(record.depth), root page \(record.root)")
        }
        if record.root != TreeRecord.noPage {
            try walk(record.root, 0, &tree, base: kind == .values ? PageWalk.mostDepth : 0, nil, nil)
        }
        guard tree.entries == record.entries else {
            throw broken("\(tree.entries) entries, but its record says \(record.entries)")
        }
        guard tree.branchPages == record.branchPages, tree.leafPages == record.leafPages,
            tree.overflowPages == record.overflowPages
        else {
            throw broken(
                "\(tree.branchPages) + \(tree.leafPages) + \(tree.overflowPages) pages, but its record says "
                    + "\(record.branchPages) + \(record.leafPages) + \(record.overflowPages)")
        }
    }

    /// Takes a page for this walk: each belongs to one place only.
    func claim(_ page: UInt64, _ tree: borrowing Tree, from parent: UInt64?) throws(Finding) {
        guard page >= 2, page <= lastPage else {
            throw Finding(page: parent, database: tree.name, text: "refers to page \(page), behind the last one (\(lastPage))")
        }
        let word = Int(page / 64)
        let bit: UInt64 = 1 << (page % 64)
        if claimed[word] & bit != 0 {
            throw Finding(page: parent, database: tree.name, text: "refers to page \(page), which belongs to something else")
        }
        claimed[word] |= bit
    }

    /// Claims a page and reads it into the memory of its depth.
    func load(
        _ page: UInt64, _ buffer: Int, _ tree: borrowing Tree, from parent: UInt64?
    ) throws(Finding) -> UnsafeRawPointer {
        try claim(page, tree, from: parent)
        let memory = unsafe buffers + buffer * pageBytes
        var isWhole = false
        do throws(LMDBError) {
            if page < filePages { isWhole = try unsafe file.read(pageBytes, at: Int(page) * pageBytes, into: memory) }
        } catch {
            failure = .storage(error)
            throw Finding(page: page, database: tree.name, text: "cannot be read: \(error)")
        }
        guard isWhole else {
            throw Finding(page: parent, database: tree.name, text: "refers to page \(page), behind the end of the file")
        }
        reached += 1
        if reached & 0x3FF == 0, !progress(min(reached * pageBytes, file.byteCount), file.byteCount) {
            failure = .cancelled
            throw Finding(page: page, database: tree.name, text: "cancelled")
        }
        let header = unsafe memory.loadUnaligned(as: UInt64.self)
        guard header == page else {
            throw Finding(page: page, database: tree.name, text: "says that it is page \(header)")
        }
        return UnsafeRawPointer(memory)
    }

    func walk(
        _ page: UInt64, _ level: Int, _ tree: inout Tree, base: Int, _ lower: Key?, _ upper: Key?, from parent: UInt64? = nil
    ) throws(Finding) {
        let memory = try unsafe load(page, base + level, tree, from: parent)
        let flags = unsafe memory.loadUnaligned(fromByteOffset: 10, as: UInt16.self)
        let isLeaf = level == tree.depth - 1
        let packed = tree.kind == .values && tree.flags & 0x10 != 0
        let expected = isLeaf ? (packed ? PageFlags.leaf | PageFlags.packed : PageFlags.leaf) : PageFlags.branch
        guard flags == expected else {
            throw Finding(
                page: page, database: tree.name, text: "flags \(flags) at depth \(level + 1) of \(tree.depth)")
        }
        if !isLeaf {
            tree.branchPages += 1
            try unsafe walkBranch(memory, page, level, &tree, base: base, lower, upper)
        } else if packed {
            tree.leafPages += 1
            guard unsafe Int(memory.loadUnaligned(fromByteOffset: 8, as: UInt16.self)) == Int(tree.pad) else {
                throw Finding(page: page, database: tree.name, text: "values of another size")
            }
            try unsafe checkPacked(memory, pageBytes, page, &tree, lower, upper)
        } else {
            tree.leafPages += 1
            try unsafe walkLeaf(memory, pageBytes, page, &tree, lower, upper)
        }
    }
}
