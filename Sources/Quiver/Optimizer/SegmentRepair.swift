import Logging

import QuiverModel

/// Looks after a segment of a collection that is being served: compares its file, and writes it anew when only what can
/// be made anew is damaged. On the thread that merges, so that nobody rewrites the segment meanwhile.
struct SegmentRepair {
    let core: CollectionCore
    let optimizer: Optimizer

    /// - Returns: whether the segment was replaced; its graph is built by the next plan.
    /// - Throws: `.corrupted` after primary damage; the collection answers nothing but that from then on.
    func run(_ field: VectorField, _ input: SealedView) throws -> Bool {
        try run(field, input, try input.segment.inspect())
    }

    /// The same after the disk's own copy was found to be other than it should.
    func run(onDisk finding: SegmentInspection.Finding, _ field: VectorField, _ input: SealedView) throws -> Bool {
        var finding = finding
        // What the system has in its cache may be whole still: then nothing is lost yet.
        if case .primaryDamage = finding, case .whole = try input.segment.inspect() { finding = .derivedDamage(["on disk"]) }
        return try run(field, input, finding)
    }

    private func run(
        _ field: VectorField, _ input: SealedView, _ finding: SegmentInspection.Finding
    ) throws -> Bool {
        let segment = input.segment
        switch finding {
        case .untouched, .whole: return false
        case .primaryDamage(let reason):
            let error = QuiverError(.corrupted, "segment file \(segment.path): \(reason)")
            core.condemn(error.message)
            throw error
        case .derivedDamage(let parts):
            try rebuild(field, input, parts)
            return true
        }
    }

    private func rebuild(_ field: VectorField, _ input: SealedView, _ parts: [String]) throws {
        let segment = input.segment
        let remains = try SegmentRemains(segment.mappedFile, entry: segment.entry)
        let made = try remains.rebuild(
            field: field, as: optimizer.takeSegmentID(), placement: core.placement(field.name), core.store,
            isDead: { input.dead.contains($0) })
        let isReplaced: Bool
        do {
            isReplaced = try core.replace([input], of: field, by: made?.segment, made?.rows ?? [])
        } catch {
            if let made { core.discard([made.segment]) }
            throw error
        }
        if !isReplaced, let made { core.discard([made.segment]) }
        core.store.quarantine.note(segment.path, parts, core.logger)
    }
}
