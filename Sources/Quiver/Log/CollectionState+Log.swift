import QuiverLMDB
import QuiverModel

/// Sequence numbers and log records: each step of the one is one of the other, and both are made here alone.
extension CollectionState {
    /// The moment of the next change, also when the clock was set back.
    ///
    /// - Parameter replayed: the change is that of a record and has its moment, which must be the next.
    func nextMoment(now: UInt64, replayed: LogMoment? = nil) throws(QuiverError) -> LogMoment {
        let next = counters.sequence + 1
        guard let replayed else { return LogMoment(sequence: next, time: max(now, counters.time)) }
        guard replayed.sequence == next, replayed.time >= counters.time else {
            throw QuiverError(
                .corrupted, "record \(replayed.sequence) of the log does not follow record \(counters.sequence)")
        }
        return replayed
    }

    /// Appends a finished record to the log; the collection stands at its moment then.
    func append(_ record: [UInt8], at moment: LogMoment, _ transaction: inout WriteTransaction) throws(LMDBError) {
        // As a transaction that is too large: the requests beside it are done without it.
        guard record.count <= mostRecordBytes else { throw .transactionFull }
        try WriteAheadLog.append(record, sequence: moment.sequence, to: store, &transaction)
        counters.sequence = moment.sequence
        counters.time = moment.time
        logBytes += record.count
    }

    /// The record of a change that is no update.
    func append(
        _ kind: LogOperationKind, replayed: LogMoment?, _ transaction: inout WriteTransaction,
        _ body: (inout LogRecordWriter) -> Void
    ) throws {
        let moment = try nextMoment(now: Database.microsecondsNow(), replayed: replayed)
        var writer = LogRecordWriter(moment)
        writer.begin(kind)
        body(&writer)
        try append(writer.finish(), at: moment, &transaction)
    }

    // MARK: Trimming

    /// Removes the records up to `sequence`, whose vectors are sealed, but those that are kept for backups.
    ///
    /// Where these are too many, the mark goes and all of them with it: without the oldest of them the others are of no
    /// use to who waits for them.
    func trimLog(through sequence: UInt64, _ transaction: inout WriteTransaction) throws(LMDBError) {
        guard let mark = counters.logMark, mark < sequence else {
            try WriteAheadLog.trim(through: sequence, store, &transaction)
            return
        }
        try WriteAheadLog.trim(through: mark, store, &transaction)
        if try WriteAheadLog.byteCount(store, transaction.handle) > mostKeptLogBytes {
            counters.logMark = nil
            try WriteAheadLog.trim(through: sequence, store, &transaction)
        }
    }
}
