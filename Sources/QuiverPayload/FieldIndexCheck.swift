package import QuiverLMDB

/// Compares an index with the payloads that it is made of, both ways.
package struct FieldIndexCheck: ~Copyable {
    private let index: FieldIndex
    private let transaction: TransactionHandle
    private var writer: FieldIndexWriter
    private var cursor: Cursor
    private var expectedPostings = 0
    private var pointCount = 0
    private var missing = 0
    /// A few of what is wrong.
    private var examples: [String] = []

    private static let mostExamples = 4

    package init(_ index: FieldIndex, _ transaction: TransactionHandle) throws(PayloadError) {
        let writer = try FieldIndexWriter(FieldIndexSet([index]), transaction)
        let cursor: Cursor
        do throws(LMDBError) {
            cursor = try transaction.openCursor(index.database)
        } catch {
            throw .storage(error)
        }
        self.index = index
        self.transaction = transaction
        self.writer = writer
        self.cursor = cursor
    }

    /// Looks for what the payload of a slot is to have in the index. Once for each slot.
    package mutating func check(_ slot: UInt32, _ payload: UnsafeRawBufferPointer) throws(PayloadError) {
        unsafe writer.insert(slot, payload)
        let (keys, points) = writer.takeInsertion()
        pointCount += points
        expectedPostings += keys.count
        for key in keys {
            let isThere = try storing { () throws(LMDBError) in
                unsafe try withUnsafeBytes(of: slot) { (raw) throws(LMDBError) in try unsafe cursor.moveTo(key, value: raw) }
            }
            if !isThere { note("slot \(slot) is missing under \(FieldIndexCheck.shown(key))") }
        }
    }

    private mutating func note(_ text: String) {
        missing += 1
        if examples.count < FieldIndexCheck.mostExamples { examples.append(text) }
    }

    /// What is wrong with the index after all payloads were checked; empty when nothing is.
    package consuming func findings() throws(PayloadError) -> [String] {
        var findings: [String] = []
        if missing > 0 { findings.append("\(missing) postings are missing: \(examples.joined(separator: ", "))") }
        let (postings, count) = try storing { () throws(LMDBError) in
            var specials = 0
            for kind in [FieldKey.pointCount, FieldKey.progress]
            where try cursor.moveTo(FieldKey.special(kind)) { specials += try cursor.duplicateCount() }
            if let entry = try unsafe cursor.firstNotBelow(FieldKey.special(FieldKey.digest)),
                unsafe IndexDigest.digest(entry.key) != nil
            {
                specials += 1
            }
            let count = try FieldIndex.number(FieldKey.pointCount, index.database, transaction) ?? 0
            return (try transaction.entryCount(index.database) - specials, Int(count))
        }
        let surplus = postings - (expectedPostings - missing)
        if surplus != 0 { findings.append("\(surplus) postings belong to no payload") }
        if count != pointCount { findings.append("says that \(count) points have a value, but \(pointCount) have") }
        return findings
    }

    private static func shown(_ key: [UInt8]) -> String {
        let digits = key.prefix(24).map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }
        return "key " + digits.joined() + (key.count > 24 ? "…" : "")
    }
}
