import Synchronization

/// Sets of slots that filters and clauses matched, for as long as what they were computed from has not changed.
///
/// An entry names the stamps of its indexes (or of all payloads). It is answered only to a reader whose view carries
/// the very same ones, so what a cached set says is what a fresh look at the same commit would. Bounded in bytes; when
/// full, the quarter that was not asked for the longest goes.
package final class FilterCache: Sendable {
    private struct Entry {
        var set: MatchSet
        var stamps: [ContentStamp]
        var byteCount: Int
        var lastUse: UInt64
    }

    private struct Contents {
        var entries: [FilterKey: Entry] = [:]
        var byteCount = 0
        var clock: UInt64 = 0
    }

    private let contents = Mutex(Contents())
    package let mostBytes: Int

    package static let standardBytes = 64 << 20

    package init(mostBytes: Int = FilterCache.standardBytes) { self.mostBytes = mostBytes }

    package var byteCount: Int { contents.withLock { $0.byteCount } }
    package var entryCount: Int { contents.withLock { $0.entries.count } }

    /// The set that was kept for the same question at a moment that had the same content.
    func set(_ key: FilterKey, in indexes: FieldIndexSet) -> MatchSet? {
        contents.withLock { contents in
            guard let place = contents.entries.index(forKey: key) else { return nil }
            guard contents.entries.values[place].stamps.allSatisfy(indexes.has) else { return nil }
            contents.clock &+= 1
            contents.entries.values[place].lastUse = contents.clock
            return contents.entries.values[place].set
        }
    }

    func keep(_ set: MatchSet, for key: FilterKey, stamps: [ContentStamp]) {
        let byteCount = set.byteCount + key.bytes.count + stamps.count * 16 + 128
        // One set is not to push out all the others.
        if byteCount > mostBytes / 8 { return }
        let gone = contents.withLock { contents in
            contents.clock &+= 1
            if let old = contents.entries[key] {
                // A reader that began long ago comes late with an older moment.
                if zip(old.stamps, stamps).contains(where: { $0.identity == $1.identity && $0.version > $1.version }) {
                    return [MatchSet]()
                }
                contents.byteCount -= old.byteCount
            }
            contents.entries[key] = Entry(set: set, stamps: stamps, byteCount: byteCount, lastUse: contents.clock)
            contents.byteCount += byteCount
            return contents.byteCount > mostBytes ? Self.makeRoom(&contents, mostBytes) : []
        }
        // Freed outside of the lock.
        _ = gone
    }

    private static func makeRoom(_ contents: inout Contents, _ mostBytes: Int) -> [MatchSet] {
        var gone: [MatchSet] = []
        for (key, entry) in contents.entries.sorted(by: { $0.value.lastUse < $1.value.lastUse }) {
            if contents.byteCount <= mostBytes / 4 * 3 { break }
            contents.entries[key] = nil
            contents.byteCount -= entry.byteCount
            gone.append(entry.set)
        }
        return gone
    }
}

extension FieldIndexSet {
    func has(_ stamp: ContentStamp) -> Bool {
        if payloads.identity == stamp.identity { return payloads == stamp }
        for index in indexes where index.stamp.identity == stamp.identity { return index.stamp == stamp }
        return false
    }
}
