package import QuiverLMDB
import QuiverModel

extension FieldIndex {
    /// Whether points with equal values are to be linked with each other in graphs.
    package var linksEqualValues: Bool {
        switch params.type {
        case .keyword, .integer, .bool, .uuid: isReady && params.enableHNSW != false
        case .float, .datetime, .geo, .text: false
        }
    }

    /// The slots of each value that at least `least` points have, ascending. Reads the whole index.
    package func valueGroups(
        atLeast least: Int, in transaction: TransactionHandle
    ) throws(PayloadError) -> [[UInt32]] {
        try storing { () throws(LMDBError) in
            var groups: [[UInt32]] = []
            var keys = try transaction.openCursor(database)
            var postings = try transaction.openCursor(database)
            var entry = unsafe try keys.firstNotBelow([FieldKey.valueTag])
            while let found = unsafe entry, unsafe found.key.first == FieldKey.valueTag {
                let key = unsafe Array(found.key)
                var slots: [UInt32] = []
                try postings.forEachPosting(of: key) { run in
                    for index in 0..<run.count { slots.append(run[index]) }
                    return true
                }
                if slots.count >= max(1, least) { groups.append(slots) }
                unsafe entry = try keys.nextKey()
            }
            return groups
        }
    }
}
