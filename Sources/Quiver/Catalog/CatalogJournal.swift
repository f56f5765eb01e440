import QuiverLMDB
package import QuiverModel

/// The journal of the catalogue: which collections and aliases there were at which time, for restoring a moment between
/// two backups. Kept while logs are kept for backups (`Database.keepLogs`).
package struct CatalogJournal: Sendable {
    /// One change of the catalogue.
    package struct Entry: Sendable, Hashable, Codable {
        package enum Change: String, Sendable, Codable {
            case made
            /// Its aliases went as well.
            case deleted
            /// Another collection took the place and the name of one: it was restored.
            case replaced
            /// `aliases` are all that there are from then on.
            case aliases
        }

        /// Greater than that of any entry before; the key, and not in the value.
        package var number: UInt64 = 0
        /// Microseconds since 1970, not smaller than that of the entry before.
        package var time: UInt64 = 0
        package var change: Change
        package var collection: String?
        /// The name of the collection's directory.
        package var identity: String?
        package var formerIdentity: String?
        /// That a collection began with.
        package var config: CollectionConfig?
        package var aliases: [Alias]?

        init(
            _ change: Change, collection: String? = nil, identity: String? = nil, formerIdentity: String? = nil,
            config: CollectionConfig? = nil, aliases: [Alias]? = nil
        ) {
            self.change = change
            self.collection = collection
            self.identity = identity
            self.formerIdentity = formerIdentity
            self.config = config
            self.aliases = aliases
        }

        private enum CodingKeys: String, CodingKey {
            case time, change, collection, identity, formerIdentity, config, aliases
        }
    }

    package struct Alias: Sendable, Hashable, Codable {
        package var alias: String
        package var collection: String
    }

    /// What `meta` knows of the journal.
    struct State: Codable, Equatable {
        /// Whether changes are written down, and collections made newly keep their log.
        var isKept = false
        /// Of the newest entry there ever was.
        var number: UInt64 = 0
        var time: UInt64 = 0
    }

    private static let stateKey = "journal"

    let environment: Environment
    let meta: Table
    let entries: Table

    // MARK: Writing

    /// In the transaction of the change itself. Nothing while the journal is not kept.
    func append(_ entry: Entry, _ transaction: inout WriteTransaction) throws {
        var state = try state(transaction.handle)
        guard state.isKept else { return }
        var entry = entry
        state.number += 1
        state.time = max(state.time, Database.microsecondsNow())
        entry.time = state.time
        try transaction.putChecked(entries, ShortKey(state.number), try StoredConfig.encode(entry))
        try transaction.putChecked(meta, CatalogJournal.stateKey, try StoredConfig.encode(state))
        if state.number > Limits.journalEntries {
            try remove(through: state.number - Limits.journalEntries, &transaction)
        }
    }

    /// In a catalogue that is made anew.
    func begin(_ state: State, _ transaction: inout WriteTransaction) throws {
        try transaction.putChecked(meta, CatalogJournal.stateKey, try StoredConfig.encode(state))
    }

    /// Begins or ends the journal; its end removes all entries.
    func keep(_ isKept: Bool) throws {
        var transaction = try environment.beginWrite()
        var state = try state(transaction.handle)
        if state.isKept == isKept { return }
        state.isKept = isKept
        try transaction.putChecked(meta, CatalogJournal.stateKey, try StoredConfig.encode(state))
        if !isKept { try transaction.removeAll(entries) }
        try transaction.commit()
    }

    /// Removes what somebody has copied.
    func trim(through number: UInt64) throws {
        var transaction = try environment.beginWrite()
        try remove(through: number, &transaction)
        try transaction.commit()
    }

    private func remove(through number: UInt64, _ transaction: inout WriteTransaction) throws {
        while let first = try firstNumber(transaction.handle), first <= number {
            try transaction.delete(entries, ShortKey(first))
        }
    }

    // MARK: Reading

    func state() throws -> State {
        let transaction = try environment.beginRead()
        return try state(transaction.handle)
    }

    private func state(_ transaction: TransactionHandle) throws -> State {
        guard let bytes = unsafe try transaction.getChecked(meta, CatalogJournal.stateKey) else { return State() }
        return unsafe try StoredConfig.decode(State.self, from: bytes)
    }

    private func firstNumber(_ transaction: TransactionHandle) throws(LMDBError) -> UInt64? {
        var cursor = try transaction.openCursor(entries)
        guard let entry = unsafe try cursor.first() else { return nil }
        return unsafe try CatalogJournal.number(entry.key)
    }

    private static func number(_ key: UnsafeRawBufferPointer) throws(LMDBError) -> UInt64 {
        guard key.count == 8 else { throw .corrupted }
        return unsafe UInt64(bigEndian: key.loadUnaligned(as: UInt64.self))
    }

    /// The entries behind `number`, in order, up to `last`.
    func read(after number: UInt64, through last: UInt64) throws -> [Entry] {
        let transaction = try environment.beginRead()
        var found: [Entry] = []
        var cursor = try transaction.openCursor(entries)
        var next = unsafe try cursor.firstNotBelow(ShortKey(number &+ 1))
        while let stored = unsafe next {
            let key = unsafe try CatalogJournal.number(stored.key)
            if key > last { break }
            var entry = unsafe try StoredConfig.decode(
                Entry.self, from: CheckedValue.verified(stored.value, key: stored.key))
            entry.number = key
            found.append(entry)
            unsafe next = try cursor.next()
        }
        return found
    }
}
