import QuiverLMDB
import QuiverModel

/// Keeping logs for whoever copies them: backups that ship what happened since the last one.
///
/// The order of a first backup is: `keepLogs(true)`, `cut`, copying, `setLogMark` with the sequence of each collection's
/// cut. From then on a backup copies the log behind the mark and sets it anew. Where `CollectionCut.firstLoggedSequence`
/// is greater than the mark plus one, records are missing, and the collection has to be copied as a whole again.
extension Database {
    /// Whether logs and the journal of the catalogue are kept for backups.
    package var keepsLogs: Bool {
        get throws(QuiverError) {
            do {
                return try catalog.journal.state().isKept
            } catch {
                throw QuiverError(wrapping: error)
            }
        }
    }

    /// Begins or ends keeping logs: of the collections there are, what comes from now on; of new ones, everything. Its end
    /// drops all marks, and the journal.
    package func keepLogs(_ isKept: Bool) throws(QuiverError) {
        try changingCatalog { () throws(QuiverError) in
            let (cores, _) = try cutContents(nil)
            do {
                if isKept {
                    for (core, _) in cores where core.writer.readOnlyReason == nil { try core.beginLogMark() }
                    try keepJournal(true)
                } else {
                    try keepJournal(false)
                    for (core, _) in cores where core.writer.readOnlyReason == nil { try core.setLogMark(nil) }
                }
            } catch {
                throw QuiverError(wrapping: error)
            }
        }
    }

    private func keepJournal(_ isKept: Bool) throws(QuiverError) {
        try catalogMirror.change({ $0.keepsLogs = isKept }) { try catalog.journal.keep(isKept) }
    }

    /// Says up to which record the log of a collection has been copied; nil: nobody copies it.
    ///
    /// - Parameter identity: `CollectionCut.identity`.
    /// - Throws: `.notFound` when the collection is not there any more.
    package func setLogMark(of identity: String, _ sequence: UInt64?) throws(QuiverError) {
        if sequence != nil, try !keepsLogs { try keepLogs(true) }
        try changingCatalog { () throws(QuiverError) in
            let (cores, _) = try cutContents(nil)
            guard let core = cores.first(where: { $0.identity == identity })?.core else {
                throw .notFound("there is no collection \(identity) any more")
            }
            try core.setLogMark(sequence)
        }
    }

    /// Says up to which entry the journal of the catalogue has been copied.
    package func trimJournal(through number: UInt64) throws(QuiverError) {
        do {
            try catalog.journal.trim(through: number)
        } catch {
            throw QuiverError(wrapping: error)
        }
    }
}

extension CollectionCore {
    /// What is in the log now is kept from now on, unless a mark keeps more already.
    func beginLogMark() throws(QuiverError) {
        try writer.perform { context in
            let state = context.state
            if state.counters.logMark == nil { state.counters.logMark = state.counters.sequence }
        }
    }

    func setLogMark(_ sequence: UInt64?) throws(QuiverError) {
        try writer.perform { context in
            let state = context.state
            state.counters.logMark = sequence.map { min($0, state.counters.sequence) }
            try state.trimLog(through: state.counters.sealedSequence, &context.transaction)
        }
    }
}
