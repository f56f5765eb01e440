import Quiver
import QuiverModel
import Synchronization

/// Storage that is pinned for somebody who copies it, until it is let go of or nothing is asked of it for a while.
final class BackupSessions: Sendable {
    static let mostSessions = 4
    static let idleSeconds = 300

    private struct Entry {
        var session: BackupSession
        var lastUse: ContinuousClock.Instant
        /// Streams under way.
        var users = 0
    }

    private struct State {
        var entries: [String: Entry] = [:]
        /// Being opened.
        var opening = 0
        var isWatched = false
    }

    private let state = LockedCondition(State())

    /// Blocks while the collections come to rest.
    func open(_ collections: [String]?, of database: Database) throws(QuiverError) -> BackupSession {
        let isAdmitted = state.read { state in
            if state.entries.count + state.opening >= Self.mostSessions { return false }
            state.opening += 1
            return true
        }
        guard isAdmitted else {
            throw QuiverError(
                .overloaded(retryAfterSeconds: 10), "\(Self.mostSessions) backups are under way already")
        }
        defer { state.read { $0.opening -= 1 } }
        let session = BackupSession(cut: try database.cut(of: collections))
        let needsWatch = state.read { state in
            state.entries[session.id] = Entry(session: session, lastUse: .now)
            defer { state.isWatched = true }
            return !state.isWatched
        }
        if needsWatch { OSThread.detach { [state] in Self.watch(state) } }
        return session
    }

    /// Nil when there is none of this name.
    func find(_ id: String) -> BackupSession? {
        state.read { state in
            state.entries[id]?.lastUse = .now
            return state.entries[id]?.session
        }
    }

    /// While a stream is under way, the session does not grow idle.
    func using<Value>(_ session: BackupSession, _ body: () throws -> Value) rethrows -> Value {
        state.read { $0.entries[session.id]?.users += 1 }
        defer {
            state.read { state in
                state.entries[session.id]?.users -= 1
                state.entries[session.id]?.lastUse = .now
            }
        }
        return try body()
    }

    func close(_ id: String) -> Bool {
        let entry = state.change { $0.entries.removeValue(forKey: id) }
        entry?.session.release()
        return entry != nil
    }

    func closeAll() {
        let entries = state.change { state in
            defer { state.entries = [:] }
            return state.entries.values.map(\.session)
        }
        for session in entries { session.release() }
    }

    private static func watch(_ state: LockedCondition<State>) {
        while true {
            let isOver = state.wait(atMostSeconds: 5) { state -> Bool? in
                guard state.entries.isEmpty else { return nil }
                state.isWatched = false
                return true
            }
            if isOver != nil { return }
            let limit = ContinuousClock.now - .seconds(idleSeconds)
            let idle = state.change { state in
                let idle = state.entries.filter { $0.value.users == 0 && $0.value.lastUse < limit }
                for id in idle.keys { state.entries[id] = nil }
                return idle.values.map(\.session)
            }
            for session in idle { session.release() }
        }
    }
}

final class BackupSession: Sendable {
    let id: String
    let cut: StorageCut

    init(cut: StorageCut) {
        self.cut = cut
        var random = SystemRandomNumberGenerator()
        let high = String(random.next() | 1 << 63, radix: 16)
        let low = String(random.next() | 1 << 63, radix: 16)
        id = high + low
    }

    func collection(_ identity: String) -> CollectionCut? { cut.collections.first { $0.identity == identity } }

    func release() {
        for collection in cut.collections {
            collection.releaseRecords()
            for segment in collection.segments { collection.releaseSegment(segment) }
        }
    }
}
