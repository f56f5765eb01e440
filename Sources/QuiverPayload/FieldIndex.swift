package import QuiverLMDB
package import QuiverModel

/// One field index, opened: which field, what kind, and the database `index/<field>` with its postings.
///
/// **Contract.** Every live slot has an entry in the payload database (`{}` for a point without payload), and goes
/// through a `FieldIndexWriter` whenever it appears, changes or goes. Then every slot has a posting in each ready index.
package struct FieldIndex: Sendable {
    package let field: PayloadPath
    package let params: PayloadIndexParams
    package let database: Database
    /// Whether filters may use it. The truth is in the database (`progress`); this is what it was when the index was opened.
    package let isReady: Bool
    package let path: CompiledPath
    /// Of a text index.
    let analyzer: FieldAnalyzer?
    /// Of its postings, and of the values of its field.
    package private(set) var stamp: ContentStamp

    private init(
        _ field: PayloadPath, _ params: PayloadIndexParams, _ database: Database, isReady: Bool,
        analyzer: FieldAnalyzer? = nil
    ) {
        self.field = field
        self.params = params
        self.database = database
        self.isReady = isReady
        path = CompiledPath(field)
        stamp = ContentStamp()
        self.analyzer = params.type == .text ? analyzer ?? FieldAnalyzer(params) : nil
    }

    /// The same index, after `buildStep` said that it is finished.
    package var ready: FieldIndex { FieldIndex(field, params, database, isReady: true, analyzer: analyzer) }

    /// After a commit that changed it.
    var changed: FieldIndex {
        var index = self
        index.stamp = stamp.renewed
        return index
    }

    package static func databaseName(_ field: PayloadPath) -> String { "index/" + field.text }

    /// Makes the empty index of a field, or empties what is there. `isReady`: there are no points to build it from.
    package static func create(
        _ field: PayloadPath, _ params: PayloadIndexParams, isReady: Bool, in transaction: inout WriteTransaction
    ) throws(PayloadError) -> FieldIndex {
        do throws(LMDBError) {
            let database = try transaction.openDatabase(databaseName(field), flags: .postings, creating: true)
            try transaction.removeAll(database)
            let progress = FieldKey.special(FieldKey.progress)
            try transaction.addPosting(database, progress, isReady ? FieldKey.ready : 0)
            var cursor = try transaction.openCursor(database)
            try IndexDigest.add(IndexDigest.member(progress, isReady ? FieldKey.ready : 0), &cursor)
            return FieldIndex(field, params, database, isReady: isReady)
        } catch {
            throw .storage(error)
        }
    }

    /// Opens the index that the stored schema names, finished or half built.
    package static func open(
        _ field: PayloadPath, _ params: PayloadIndexParams, in environment: Environment
    ) throws(PayloadError) -> FieldIndex {
        do throws(LMDBError) {
            let database = try environment.openDatabase(databaseName(field), flags: .postings)
            let transaction = try environment.beginRead()
            let progress = try number(FieldKey.progress, database, transaction.handle)
            return FieldIndex(field, params, database, isReady: progress == FieldKey.ready)
        } catch {
            throw .storage(error)
        }
    }

    /// Empties the index. `Environment.deleteDatabase(FieldIndex.databaseName(field))` later also removes its name.
    package func erase(in transaction: inout WriteTransaction) throws(PayloadError) {
        do throws(LMDBError) {
            try transaction.removeAll(database)
        } catch {
            throw .storage(error)
        }
    }

    /// Points that have a value in the index: `points` of `payload_schema`. One look-up.
    package func pointCount(in transaction: TransactionHandle) throws(PayloadError) -> Int {
        Int(try storing { () throws(LMDBError) in
            try FieldIndex.number(FieldKey.pointCount, database, transaction) ?? 0
        })
    }

    /// The first slot that is not built yet, `FieldKey.ready` when all are.
    func progress(in transaction: TransactionHandle) throws(PayloadError) -> UInt32 {
        let stored = try storing { () throws(LMDBError) in
            try FieldIndex.number(FieldKey.progress, database, transaction)
        }
        guard let stored else { throw .corrupted(field: field.text) }
        return stored
    }

    static func number(
        _ kind: UInt8, _ database: Database, _ transaction: TransactionHandle
    ) throws(LMDBError) -> UInt32? {
        guard let bytes = try unsafe transaction.get(database, FieldKey.special(kind)), bytes.count == 4 else { return nil }
        return unsafe bytes.loadUnaligned(as: UInt32.self)
    }
}

/// The indexes of a collection at one moment. Immutable: a change makes a new set.
package struct FieldIndexSet: Sendable {
    package let indexes: [FieldIndex]
    /// Of all payloads, whatever their fields.
    package let payloads: ContentStamp

    package static var none: FieldIndexSet { FieldIndexSet([]) }

    package init(_ indexes: [FieldIndex]) { self.init(indexes, payloads: ContentStamp()) }

    private init(_ indexes: [FieldIndex], payloads: ContentStamp) {
        self.indexes = indexes
        self.payloads = payloads
    }

    package subscript(_ field: PayloadPath) -> FieldIndex? {
        indexes.first { $0.field.steps == field.steps }
    }

    /// With `index` added, or in place of the one on the same field.
    package func with(_ index: FieldIndex) -> FieldIndexSet {
        let others = without(index.field)
        return FieldIndexSet(others.indexes + [index], payloads: index.analyzer == nil ? others.payloads : payloads.renewed)
    }

    package func without(_ field: PayloadPath) -> FieldIndexSet {
        // What texts match depends on whether there is a text index: what was kept of their payloads is no longer so.
        let isOfTexts = self[field]?.analyzer != nil
        return FieldIndexSet(
            indexes.filter { $0.field.steps != field.steps }, payloads: isOfTexts ? payloads.renewed : payloads)
    }

    /// After the commit of the changes that went through `writer`.
    package func after(_ writer: borrowing FieldIndexWriter) -> FieldIndexSet {
        guard writer.hasChangedPayloads else { return self }
        return FieldIndexSet(
            indexes.map { writer.hasChanged($0) ? $0.changed : $0 }, payloads: payloads.renewed)
    }
}
