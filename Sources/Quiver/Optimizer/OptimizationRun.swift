import Glibc

import QuiverModel

/// Why segments are rewritten. Names as Qdrant's optimizers have them.
package enum OptimizationReason: String, Sendable {
    /// Vectors without an index get one.
    case indexing
    /// Segments become fewer.
    case merge
    /// Dead rows go.
    case vacuum
    /// The configuration wants another index.
    case configMismatch = "config_mismatch"
}

/// One rewrite of segments into one.
package struct OptimizationRun: Sendable {
    package enum Status: Sendable {
        case optimizing, done
        /// The collection was closed, or the vector name dropped.
        case cancelled(String)
        case failed(String)
    }

    package struct Input: Sendable {
        /// Of the segment, in its collection.
        package var number: UInt64
        /// Live ones, when the rewrite began.
        package var points: Int
    }

    package var reason: OptimizationReason
    package var vectorName: String
    package var inputs: [Input]
    /// Of the segment that is written; nil as long as it has none.
    package var number: UInt64?
    package var status = Status.optimizing
    package var startedAt: Timestamp
    package var finishedAt: Timestamp?

    package var points: Int { inputs.reduce(0) { $0 + $1.points } }

    init(_ reason: OptimizationReason, _ vector: VectorView, _ plan: MergePolicy.Plan) {
        self.reason = reason
        vectorName = vector.field.name
        inputs = vector.sealed.filter { plan.inputs.contains($0.segment.id) }
            .map { Input(number: $0.segment.id, points: $0.liveCount) }
        startedAt = .now
    }
}

/// What has been rewritten since the collection was opened, and is being rewritten.
struct OptimizationLog {
    private(set) var running: OptimizationRun?
    /// The newest first.
    private(set) var completed: [OptimizationRun] = []

    private static let mostCompleted = 64

    mutating func begin(_ run: OptimizationRun) { running = run }

    mutating func note(outputOf number: UInt64) { running?.number = number }

    mutating func end(_ error: QuiverError?) {
        guard var run = running else { return }
        running = nil
        run.finishedAt = .now
        switch error {
        case nil: run.status = .done
        case let error? where error.kind == .closed: run.status = .cancelled(error.message)
        case let error?: run.status = .failed(error.message)
        }
        completed.insert(run, at: 0)
        if completed.count > OptimizationLog.mostCompleted { completed.removeLast() }
    }
}

extension Timestamp {
    static var now: Timestamp {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microsecondsSinceEpoch: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }
}
