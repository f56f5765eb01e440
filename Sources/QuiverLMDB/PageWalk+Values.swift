/// What stands behind the keys of a leaf: values, other databases, sorted values of one key, long values on pages of
/// their own.
extension PageWalk {
    func checkValue(
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
}
