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

    private let file: PageFile
    private let progress: (Int, Int) -> Bool
    let pageBytes: Int
    let lastPage: UInt64
    let filePages: UInt64
    private let metas: MetaPages?
    private let metaFinding: Finding?
    private let buffers: UnsafeMutableRawPointer
    private var claimed: [UInt64]
    private(set) var reached = 0
    private(set) var free = 0
    var named: [(database: EnvironmentCheck.NamedDatabase, record: TreeRecord)] = []
    private var failure: EnvironmentCheck.Failure?

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
    private func claim(_ page: UInt64, _ tree: borrowing Tree, from parent: UInt64?) throws(Finding) {
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
    private func load(
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

    private func walk(
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

    // MARK: Nodes

    /// Checks that the nodes of a page lie one behind the other from `upper` to its end, each named once.
    ///
    /// - Returns: The number of nodes.
    private func nodes(
        _ memory: UnsafeRawPointer, _ byteCount: Int, isBranch: Bool, _ page: UInt64, _ tree: borrowing Tree
    ) throws(Finding) -> Int {
        func broken(_ text: String) -> Finding { Finding(page: page, database: tree.name, text: text) }
        let lower = unsafe Int(memory.loadUnaligned(fromByteOffset: 12, as: UInt16.self))
        let upper = unsafe Int(memory.loadUnaligned(fromByteOffset: 14, as: UInt16.self))
        guard lower >= MetaPages.headerBytes, lower & 1 == 0, lower <= upper, upper <= byteCount else {
            throw broken("bounds \(lower) and \(upper) of \(byteCount) bytes")
        }
        let count = (lower - MetaPages.headerBytes) / 2
        // A bit for each two bytes: where nodes begin.
        return try unsafe withUnsafeTemporaryAllocation(of: UInt64.self, capacity: byteCount / 128 + 1) {
            (starts) throws(Finding) -> Int in
            unsafe starts.initialize(repeating: 0)
            for index in 0..<count {
                let offset = unsafe Int(memory.loadUnaligned(fromByteOffset: 16 &+ 2 &* index, as: UInt16.self))
                guard offset >= upper, offset & 1 == 0, offset &+ 8 <= byteCount else {
                    throw broken("node \(index) at \(offset)")
                }
                let half = offset &>> 1
                let bit: UInt64 = 1 &<< UInt64(half & 63)
                if unsafe starts[half &>> 6] & bit != 0 { throw broken("node \(index) at \(offset), as another one") }
                unsafe starts[half &>> 6] |= bit
            }
            var at = upper
            var found = 0
            while at < byteCount {
                let half = at &>> 1
                guard at &+ 8 <= byteCount, unsafe starts[half &>> 6] & (1 &<< UInt64(half & 63)) != 0 else {
                    throw broken("no node at \(at)")
                }
                let keyBytes = unsafe Int(memory.loadUnaligned(fromByteOffset: at &+ 6, as: UInt16.self))
                var bytes = 8 &+ keyBytes
                if !isBranch {
                    let flags = unsafe memory.loadUnaligned(fromByteOffset: at &+ 4, as: UInt16.self)
                    bytes &+= flags & NodeFlags.overflow != 0 ? 8 : unsafe PageWalk.valueBytes(memory, at)
                }
                bytes = (bytes &+ 1) & ~1
                guard bytes <= byteCount - at else { throw broken("a node of \(bytes) bytes at \(at)") }
                at &+= bytes
                found += 1
            }
            guard found == count else { throw broken("\(count) nodes, but there are \(found)") }
            return count
        }
    }

    @inline(__always)
    private static func valueBytes(_ memory: UnsafeRawPointer, _ node: Int) -> Int {
        unsafe Int(memory.loadUnaligned(fromByteOffset: node, as: UInt16.self))
            | Int(memory.loadUnaligned(fromByteOffset: node &+ 2, as: UInt16.self)) &<< 16
    }

    private func walkBranch(
        _ memory: UnsafeRawPointer, _ page: UInt64, _ level: Int, _ tree: inout Tree, base: Int, _ lower: Key?, _ upper: Key?
    ) throws(Finding) {
        let count = try unsafe nodes(memory, pageBytes, isBranch: true, page, tree)
        // LMDB insists on two, but where it rebalances the free list.
        guard count >= 2 || (tree.kind == .freeList && count == 1) else {
            throw Finding(page: page, database: tree.name, text: "a branch with \(count) children")
        }
        func key(_ index: Int) throws(Finding) -> Key {
            let node = unsafe memory + Int(memory.loadUnaligned(fromByteOffset: 16 + 2 * index, as: UInt16.self))
            let key = unsafe Key(node + 8, Int(node.loadUnaligned(fromByteOffset: 6, as: UInt16.self)))
            try checkKey(key, page, &tree)
            return key
        }
        var from = lower
        for index in 0..<count {
            let to = index + 1 < count ? try key(index + 1) : upper
            let node = unsafe memory + Int(memory.loadUnaligned(fromByteOffset: 16 + 2 * index, as: UInt16.self))
            let child = unsafe UInt64(node.loadUnaligned(as: UInt32.self))
                | UInt64(node.loadUnaligned(fromByteOffset: 4, as: UInt16.self)) << 32
            try walk(child, level + 1, &tree, base: base, from, to, from: page)
            from = to
        }
    }

    private func walkLeaf(
        _ memory: UnsafeRawPointer, _ byteCount: Int, _ page: UInt64, _ tree: inout Tree, _ lower: Key?, _ upper: Key?
    ) throws(Finding) {
        func broken(_ text: String) -> Finding { Finding(page: page, database: tree.name, text: text) }
        let count = try unsafe nodes(memory, byteCount, isBranch: false, page, tree)
        guard count >= 1 else { throw broken("a leaf without entries") }
        var before: Key?
        for index in 0..<count {
            let offset = unsafe Int(memory.loadUnaligned(fromByteOffset: 16 &+ 2 &* index, as: UInt16.self))
            let node = unsafe memory + offset
            let keyBytes = unsafe Int(node.loadUnaligned(fromByteOffset: 6, as: UInt16.self))
            let key = unsafe Key(node + 8, keyBytes)
            try checkKey(key, page, &tree)
            if let before {
                guard PageWalk.precedes(before, key, tree.numberBytes) else { throw broken("keys are out of order") }
            } else if let lower, PageWalk.precedes(key, lower, tree.numberBytes) {
                throw broken("a key below those of its branch")
            }
            before = key
            try unsafe checkValue(memory, offset, key, page, &tree)
        }
        if let before, let upper, !PageWalk.precedes(before, upper, tree.numberBytes) {
            throw broken("a key above those of its branch")
        }
    }

    private func checkKey(_ key: Key, _ page: UInt64, _ tree: inout Tree) throws(Finding) {
        guard key.count <= PageWalk.longestKey, key.count > 0 || tree.kind == .values else {
            throw Finding(page: page, database: tree.name, text: "a key of \(key.count) bytes")
        }
        if tree.flags & 0x08 == 0 { return }
        if tree.numberBytes == 0, key.count == 4 || key.count == 8 { tree.numberBytes = key.count }
        guard key.count == tree.numberBytes else {
            throw Finding(page: page, database: tree.name, text: "a number of \(key.count) bytes for a key")
        }
    }

    /// Values of one size, side by side behind the header.
    private func checkPacked(
        _ memory: UnsafeRawPointer, _ byteCount: Int, _ page: UInt64, _ tree: inout Tree, _ lower: Key?, _ upper: Key?
    ) throws(Finding) {
        func broken(_ text: String) -> Finding { Finding(page: page, database: tree.name, text: text) }
        let size = Int(tree.pad)
        let low = unsafe Int(memory.loadUnaligned(fromByteOffset: 12, as: UInt16.self))
        let high = unsafe Int(memory.loadUnaligned(fromByteOffset: 14, as: UInt16.self))
        let count = (low - MetaPages.headerBytes) / 2
        guard low > MetaPages.headerBytes, low & 1 == 0, size > 0, size <= PageWalk.longestKey,
            count * size <= byteCount - MetaPages.headerBytes,
            high - low == byteCount - MetaPages.headerBytes - count * size
        else { throw broken("bounds \(low) and \(high) with values of \(size) bytes") }
        if tree.flags & 0x08 != 0 {
            guard size == 4 || size == 8 else { throw broken("numbers of \(size) bytes") }
            tree.numberBytes = size
        }
        let values = unsafe memory + MetaPages.headerBytes
        if size == 4 && tree.numberBytes == 4 {
            var before = unsafe values.loadUnaligned(as: UInt32.self)
            for index in 1..<max(1, count) {
                let value = unsafe values.loadUnaligned(fromByteOffset: index &* 4, as: UInt32.self)
                guard before < value else { throw broken("values are out of order") }
                before = value
            }
        } else {
            for index in 1..<max(1, count) {
                let one = unsafe Key(values + (index - 1) * size, size)
                let next = unsafe Key(values + index * size, size)
                guard PageWalk.precedes(one, next, tree.numberBytes) else { throw broken("values are out of order") }
            }
        }
        if let lower, unsafe PageWalk.precedes(Key(values, size), lower, tree.numberBytes) {
            throw broken("a value below those of its branch")
        }
        if let upper, unsafe !PageWalk.precedes(Key(values + (count - 1) * size, size), upper, tree.numberBytes) {
            throw broken("a value above those of its branch")
        }
        tree.entries += UInt64(count)
    }

    // MARK: Values

    private func checkValue(
        _ memory: UnsafeRawPointer, _ offset: Int, _ key: Key, _ page: UInt64, _ tree: inout Tree
    ) throws(Finding) {
        func broken(_ text: String) -> Finding { Finding(page: page, database: tree.name, text: text) }
        let flags = unsafe memory.loadUnaligned(fromByteOffset: offset + 4, as: UInt16.self)
        let count = unsafe PageWalk.valueBytes(memory, offset)
        let value = unsafe key.base + key.count
        switch flags {
        case 0:
            if tree.kind == .values {
                // Keys of such a tree are the values; nothing stands behind them.
                guard count == 0 else { throw broken("a value behind a value") }
            } else if tree.isSorted {
                let isNumber = tree.flags & 0x20 != 0
                guard count <= PageWalk.longestKey, !isNumber || count == 4 || count == 8 else {
                    throw broken("a value of \(count) bytes")
                }
            } else if tree.kind == .freeList {
                try unsafe checkFreed(UnsafeRawBufferPointer(start: value, count: count), key, page, &tree)
            }
            tree.entries += 1
        case NodeFlags.overflow where !tree.isSorted && tree.kind != .values:
            try unsafe checkOverflow(value.loadUnaligned(as: UInt64.self), byteCount: count, key, page, &tree)
            tree.entries += 1
        case NodeFlags.tree where tree.kind == .main:
            guard count == TreeRecord.byteCount else { throw broken("a record of a database with \(count) bytes") }
            let name = unsafe UnsafeRawBufferPointer(start: key.base, count: key.count)
            guard unsafe !name.contains(0) else { throw broken("a zero byte in the name of a database") }
            let record = unsafe TreeRecord(value)
            let place = page * UInt64(pageBytes) + UInt64(offset + 8 + key.count)
            named.append(
                (
                    EnvironmentCheck.NamedDatabase(
                        name: unsafe String(decoding: name, as: UTF8.self),
                        flags: Database.Flags(rawValue: UInt32(record.flags)), entryCount: record.entries,
                        recordOffset: place), record
                ))
            tree.entries += 1
        case NodeFlags.duplicates where tree.isSorted:
            try unsafe checkInnerPage(UnsafeRawBufferPointer(start: value, count: count), page, &tree)
        case NodeFlags.duplicates | NodeFlags.tree where tree.isSorted:
            guard count == TreeRecord.byteCount else { throw broken("a record of values with \(count) bytes") }
            let record = unsafe TreeRecord(value)
            guard record.flags == PageWalk.flagsOfValues(tree) else { throw broken("flags \(record.flags) of a key's values") }
            guard record.entries >= 1 else { throw broken("a key without values") }
            try check(record, kind: .values, name: tree.name, flags: record.flags)
            tree.entries += record.entries
        default:
            throw broken("an entry with flags \(flags)")
        }
    }

    private static func flagsOfValues(_ tree: borrowing Tree) -> UInt16 {
        tree.flags & 0x10 == 0 ? 0 : tree.flags & 0x20 == 0 ? 0x10 : 0x18
    }

    /// A few values of one key: a page of its own making inside the node.
    private func checkInnerPage(
        _ bytes: UnsafeRawBufferPointer, _ page: UInt64, _ tree: inout Tree
    ) throws(Finding) {
        func broken(_ text: String) -> Finding { Finding(page: page, database: tree.name, text: text) }
        guard bytes.count > MetaPages.headerBytes, let memory = bytes.baseAddress else { throw broken("values without room") }
        let flags = unsafe memory.loadUnaligned(fromByteOffset: 10, as: UInt16.self) & ~PageFlags.dirty
        let packed = tree.flags & 0x10 != 0
        guard flags == PageFlags.leaf | PageFlags.inner | (packed ? PageFlags.packed : 0) else {
            throw broken("flags \(flags) of values in a node")
        }
        var values = Tree(
            kind: .values, name: tree.name, flags: PageWalk.flagsOfValues(tree),
            pad: packed ? UInt32(unsafe memory.loadUnaligned(fromByteOffset: 8, as: UInt16.self)) : 0, depth: 1)
        if packed {
            try unsafe checkPacked(memory, bytes.count, page, &values, nil, nil)
        } else {
            try unsafe walkLeaf(memory, bytes.count, page, &values, nil, nil)
        }
        tree.entries += values.entries
    }

    /// A long value: a run of pages, of which only the first has a header.
    private func checkOverflow(
        _ first: UInt64, byteCount: Int, _ key: Key, _ page: UInt64, _ tree: inout Tree
    ) throws(Finding) {
        func broken(_ text: String) -> Finding { Finding(page: page, database: tree.name, text: text) }
        let memory = try unsafe load(first, 2 * PageWalk.mostDepth, tree, from: page)
        let flags = unsafe memory.loadUnaligned(fromByteOffset: 10, as: UInt16.self)
        let count = unsafe Int(memory.loadUnaligned(fromByteOffset: 12, as: UInt32.self))
        guard flags == PageFlags.overflow else { throw broken("refers to page \(first), which holds no long value") }
        guard count >= 1, UInt64(count) <= filePages, first + UInt64(count) <= filePages,
            byteCount <= count * pageBytes - MetaPages.headerBytes
        else { throw broken("a value of \(byteCount) bytes in \(count) pages from \(first)") }
        for next in 1..<max(1, count) { try claim(first + UInt64(next), tree, from: page) }
        reached += count - 1
        tree.overflowPages += UInt64(count)
        if tree.kind == .freeList {
            let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 8)
            defer { unsafe bytes.deallocate() }
            var isWhole = false
            do throws(LMDBError) {
                if let base = bytes.baseAddress {
                    isWhole = try unsafe file.read(
                        byteCount, at: Int(first) * pageBytes + MetaPages.headerBytes, into: base)
                }
            } catch {
                failure = .storage(error)
            }
            guard isWhole else { throw broken("the list from page \(first) cannot be read") }
            try unsafe checkFreed(UnsafeRawBufferPointer(bytes), key, page, &tree)
        }
    }

    /// The pages that a transaction left: their number, then the pages from the last to the first, u64 each.
    private func checkFreed(
        _ bytes: UnsafeRawBufferPointer, _ key: Key, _ page: UInt64, _ tree: inout Tree
    ) throws(Finding) {
        func broken(_ text: String) -> Finding { Finding(page: page, database: "", text: text) }
        let transaction = unsafe key.base.loadUnaligned(as: UInt64.self)
        guard transaction >= 1, transaction <= metas?.newest.transactionID ?? 0 else {
            throw broken("the free list has an entry of transaction \(transaction)")
        }
        guard bytes.count >= 8, bytes.count & 7 == 0, let base = bytes.baseAddress else {
            throw broken("an entry of the free list with \(bytes.count) bytes")
        }
        let count = unsafe base.loadUnaligned(as: UInt64.self)
        guard count <= UInt64(bytes.count / 8 - 1) else { throw broken("\(count) free pages in \(bytes.count) bytes") }
        var before = UInt64.max
        for index in 0..<Int(count) {
            let freed = unsafe base.loadUnaligned(fromByteOffset: 8 + 8 * index, as: UInt64.self)
            guard freed < before else { throw broken("free pages are out of order") }
            before = freed
            try claim(freed, tree, from: page)
        }
        free += Int(count)
    }

    // MARK: Order

    /// As LMDB compares: numbers, or bytes with the shorter one first.
    @inline(__always)
    private static func precedes(_ left: Key, _ right: Key, _ numberBytes: Int) -> Bool {
        switch numberBytes {
        case 4:
            return unsafe left.base.loadUnaligned(as: UInt32.self) < right.base.loadUnaligned(as: UInt32.self)
        case 8:
            return unsafe left.base.loadUnaligned(as: UInt64.self) < right.base.loadUnaligned(as: UInt64.self)
        default:
            let common = min(left.count, right.count)
            var offset = 0
            while offset &+ 8 <= common {
                let one = unsafe left.base.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                let other = unsafe right.base.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                if one != other { return one.byteSwapped < other.byteSwapped }
                offset &+= 8
            }
            while offset < common {
                let one = unsafe left.base.load(fromByteOffset: offset, as: UInt8.self)
                let other = unsafe right.base.load(fromByteOffset: offset, as: UInt8.self)
                if one != other { return one < other }
                offset &+= 1
            }
            return left.count < right.count
        }
    }
}
