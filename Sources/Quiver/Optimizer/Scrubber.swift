import Glibc
import Logging

import QuiverModel

/// Reads all segment files of a database from the disk, slowly and again and again: a disk loses bits without anybody
/// touching the file, so that no stamp tells of it.
final class Scrubber: Sendable {
    private let interval: Duration
    private let delay: Duration
    private let bytesPerSecond: Int
    private let state = LockedCondition(State())

    private struct State {
        var hasThread = false
        var isStopped = false
    }

    init(_ options: Database.Options) {
        interval = options.scrubInterval
        delay = options.scrubDelay
        bytesPerSecond = max(1, options.scrubBytesPerSecond)
    }

    /// - Parameter cores: what there is to be read at that moment.
    func start(_ work: BackgroundWork, _ cores: @escaping @Sendable () -> [CollectionCore]) {
        guard interval > .zero else { return }
        state.change { $0.hasThread = true }
        OSThread.detach { [self] in
            #if os(Linux)
            _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Scrubber.niceness)
            #endif
            var pause = delay
            while !waits(pause) {
                for core in cores() { scrub(core, work) }
                pause = interval
            }
            state.change { $0.hasThread = false }
        }
    }

    private static let niceness: Int32 = 19

    func stop() {
        state.change { $0.isStopped = true }
        state.wait { $0.hasThread ? nil : () }
    }

    /// Returns early with true when all is to stop.
    private func waits(_ time: Duration) -> Bool {
        let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18
        return state.wait(atMostSeconds: seconds) { $0.isStopped ? true : nil } ?? false
    }

    private func scrub(_ core: CollectionCore, _ work: BackgroundWork) {
        core.store.quarantine.prune()
        if core.loss != nil { return }
        for vector in core.view.load().vectors {
            for sealed in vector.sealed {
                // Replaced since: its file goes.
                guard let input = present(sealed.segment, core) else { continue }
                do throws(FileError) {
                    let finding = try input.segment.inspect(isDirect: true) { (count) throws(FileError) in
                        let seconds = Double(count) / Double(bytesPerSecond)
                        if waits(.seconds(seconds)) {
                            throw FileError(operation: "read", path: input.segment.path, code: ECANCELED)
                        }
                    }
                    switch finding {
                    case .untouched, .whole: break
                    case .derivedDamage, .primaryDamage: repair(input.segment, finding, vector.field, core, work)
                    }
                } catch {
                    if error.code == ECANCELED { return }
                    core.logger.warning("segment file \(input.segment.path) could not be read again: \(QuiverError(error))")
                }
            }
        }
    }

    private func present(_ segment: SealedSegment, _ core: CollectionCore) -> SealedView? {
        for vector in core.view.load().vectors {
            if let found = vector.sealed.first(where: { $0.segment === segment }) { return found }
        }
        return nil
    }

    /// In the order of merges, which may have replaced the segment.
    private func repair(
        _ segment: SealedSegment, _ finding: SegmentInspection.Finding, _ field: VectorField, _ core: CollectionCore,
        _ work: BackgroundWork
    ) {
        work.build { [self] in
            guard let input = present(segment, core) else { return }
            do {
                _ = try SegmentRepair(core: core, optimizer: core.optimizer).run(onDisk: finding, field, input)
                core.optimizer.start()
            } catch {
                let error = QuiverError(wrapping: error)
                if error.kind != .closed {
                    core.logger.error("segment file \(segment.path) is damaged and was not repaired: \(error.message)")
                }
            }
        }
    }
}
