/// The nodes of a page: where they lie, and the order of their keys.
extension PageWalk {
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
    static func valueBytes(_ memory: UnsafeRawPointer, _ node: Int) -> Int {
        unsafe Int(memory.loadUnaligned(fromByteOffset: node, as: UInt16.self))
            | Int(memory.loadUnaligned(fromByteOffset: node &+ 2, as: UInt16.self)) &<< 16
    }

    func walkBranch(
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

    func walkLeaf(
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
    func checkPacked(
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
