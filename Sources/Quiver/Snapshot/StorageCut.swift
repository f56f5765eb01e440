import Glibc
import Synchronization

import QuiverLMDB
package import QuiverModel

/// Several collections at one moment, with their aliases: what snapshots and backups are made of.
///
/// Reading it disturbs nobody, but keeps what it stands for: let go of records and segments as soon as they are read.
package final class StorageCut: Sendable {
    /// Microseconds since 1970.
    package let time: UInt64
    /// By their names.
    package let collections: [CollectionCut]
    /// All of them; those of the chosen collections where collections were chosen.
    package let aliases: [(alias: String, collection: String)]
    /// The number of the newest entry of the catalogue's journal.
    package let journalNumber: UInt64
    private let journal: CatalogJournal

    init(
        time: UInt64, collections: [CollectionCut], aliases: [(alias: String, collection: String)], journal: CatalogJournal
    ) throws(QuiverError) {
        do {
            journalNumber = try journal.state().number
        } catch {
            throw QuiverError(wrapping: error)
        }
        self.journal = journal
        self.time = time
        self.collections = collections
        self.aliases = aliases
    }

    /// What happened to the catalogue behind an entry and up to this moment, in order; where the first number is not the
    /// next one, something is missing.
    package func journalEntries(after number: UInt64) throws(QuiverError) -> [CatalogJournal.Entry] {
        do {
            return try journal.read(after: number, through: journalNumber)
        } catch {
            throw QuiverError(wrapping: error)
        }
    }
}

extension Database {
    /// Pins collections at one moment: no update of any of them is in the cut while an earlier one of another is not.
    ///
    /// The writers of the collections are held between two commits, all at once, for as long as it takes the slowest of
    /// them to end its present commit. Changes of the catalogue wait as well. Blocks; not for a writer's thread.
    ///
    /// - Parameter names: collections or aliases; nil: all collections.
    /// - Throws: `.notFound`; `.overloaded` when a writer does not come to rest within `Database.cutPatience`.
    package func cut(of names: [String]? = nil) throws(QuiverError) -> StorageCut {
        try changingCatalog { () throws(QuiverError) in
            let (cores, aliases) = try cutContents(names)
            for core in cores { core.core.makeRoomForLongRead() }
            let holds = WriterHolds(cores.map(\.core))
            defer { holds.release() }
            try holds.wait(seconds: Database.cutPatienceSeconds)
            let time = Database.microsecondsNow()
            var cuts: [CollectionCut] = []
            for (core, identity) in cores { cuts.append(try CollectionCut(core, identity: identity)) }
            return try StorageCut(time: time, collections: cuts, aliases: aliases, journal: catalog.journal)
        }
    }

    /// For a writer to end a commit.
    static let cutPatienceSeconds = 30.0

    static func microsecondsNow() -> UInt64 {
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        return UInt64(max(0, now.tv_sec)) * 1_000_000 + UInt64(now.tv_nsec / 1000)
    }
}

/// The writers of some collections, brought to rest between two commits.
///
/// One at a time in a database: whoever makes one has the catalogue. So two of them never wait for each other, nor does
/// a closing, which asks for the catalogue first.
private final class WriterHolds: Sendable {
    private struct State {
        var resting = 0
        var failure: QuiverError?
        var isReleased = false
    }

    private let state = LockedCondition(State())
    private let count: Int

    init(_ cores: [CollectionCore]) {
        count = cores.count
        for core in cores {
            core.writer.submit(
                CollectionWriter.Hold { [state] refusal in
                    state.change { state in
                        if let refusal { state.failure = refusal } else { state.resting += 1 }
                    }
                    if refusal != nil { return }
                    state.wait { $0.isReleased ? () : nil }
                })
        }
    }

    func wait(seconds: Double) throws(QuiverError) {
        let count = count
        let outcome: Result<Void, QuiverError>? = state.wait(atMostSeconds: seconds) { state in
            if let failure = state.failure { return .failure(failure) }
            return state.resting == count ? .success(()) : nil
        }
        guard let outcome else {
            throw QuiverError(
                .overloaded(retryAfterSeconds: 1), "a collection's writer did not come to rest in \(Int(seconds)) s")
        }
        try outcome.get()
    }

    func release() {
        state.change { $0.isReleased = true }
    }
}
