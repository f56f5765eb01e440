import Quiver
import Synchronization

/// What is being done with snapshots and was done since the start, for metrics and telemetry.
final class SnapshotActivity: Sendable {
    struct Counts: Sendable {
        var creating = 0
        var recovering = 0
        var created = 0
        var failed = 0
    }

    private struct State {
        var byCollection: [ExactKey: Counts] = [:]
        var ofStorage = Counts()
    }

    /// Names that only look the same are two.
    private struct ExactKey: Hashable {
        var bytes: [UInt8]
        init(_ name: String) { bytes = Array(name.utf8) }
    }

    private let state = Mutex(State())

    /// `collection` nil: of the whole storage.
    func counts(_ collection: String?) -> Counts {
        state.withLock { state in collection.map { state.byCollection[ExactKey($0)] ?? Counts() } ?? state.ofStorage }
    }

    func change(_ collection: String?, _ body: (inout Counts) -> Void) {
        state.withLock { state in
            if let collection { body(&state.byCollection[ExactKey(collection), default: Counts()]) } else { body(&state.ofStorage) }
        }
    }

    /// Counts `body` as a creation.
    func creating<Value>(
        _ collection: String?, _ body: () throws(QuiverError) -> Value
    ) throws(QuiverError) -> Value {
        change(collection) { $0.creating += 1 }
        do throws(QuiverError) {
            let value = try body()
            change(collection) {
                $0.creating -= 1
                $0.created += 1
            }
            return value
        } catch {
            change(collection) {
                $0.creating -= 1
                $0.failed += 1
            }
            throw error
        }
    }

    func recovering<Value>(
        _ collection: String?, _ body: () throws(Rejection) -> Value
    ) throws(Rejection) -> Value {
        change(collection) { $0.recovering += 1 }
        do throws(Rejection) {
            let value = try body()
            change(collection) { $0.recovering -= 1 }
            return value
        } catch {
            change(collection) {
                $0.recovering -= 1
                $0.failed += 1
            }
            throw error
        }
    }
}
