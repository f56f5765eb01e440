import QuiverLMDB
import QuiverModel

/// The ids of the points whose vectors a segment holds, as a column beside its rows.
///
/// As long as a row lives, its slot belongs to the same point; so the id, unlike the version, can stand in the
/// segment. A search that only answers ids needs no look into `points` then.
enum PointNumbers {
    /// Rows that are looked up within one transaction, so that none is open for long.
    private static let rowsPerTransaction = 1 << 16

    /// The numbers of the rows' points; nil when one of them has a UUID.
    ///
    /// A point that is gone has 0: its row is dead before anyone sees the segment.
    static func column(_ rows: [SegmentRow], _ store: CollectionStore) throws(QuiverError) -> [UInt64]? {
        var numbers: [UInt64] = []
        numbers.reserveCapacity(rows.count)
        while numbers.count < rows.count {
            let end = min(rows.count, numbers.count + rowsPerTransaction)
            let transaction = try mapping { () throws(LMDBError) in try store.environment.beginRead() }
            while numbers.count < end {
                let slot = rows[numbers.count].slot
                let id = try mapping { () throws(LMDBError) -> PointID? in
                    guard let bytes = unsafe try transaction.getChecked(store.points, SlotKey(slot)) else { return nil }
                    return unsafe try PointEntry(bytes).id
                }
                switch id {
                case .number(let number)?: numbers.append(number)
                case nil: numbers.append(0)
                case .uuid?: return nil
                }
            }
        }
        return numbers
    }
}
