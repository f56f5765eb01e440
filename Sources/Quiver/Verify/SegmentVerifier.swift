import Glibc

import QuiverIndex
import QuiverLMDB
import QuiverModel
import QuiverPayload

/// Verifies one segment file of a collection that nobody has open: every byte by the manifest's checksums, and then, of
/// a file that is whole, whether what it holds makes sense in itself and fits the collection.
struct SegmentVerifier {
    let store: CollectionStore
    let transaction: TransactionHandle
    let field: VectorField
    let slotCount: UInt32
    let listed: CollectionStore.ListedSegment
    let dead: ChunkedBitmap
    let report: VerificationReport

    var path: String { store.segmentPath(listed.id) }

    func add(_ severity: StorageFinding.Severity, _ place: String, _ text: String) {
        report.add(severity, file: path, place: place, text)
    }

    /// - Parameter taken: slots that have a live row in another segment of the same vector; those of this one are added.
    func run(taken: SlotBitmap) throws {
        guard try isWhole() else { return }
        let segment: SealedSegment
        do throws(QuiverError) {
            segment = try SealedSegment(
                id: listed.id, path: path, entry: listed.entry, placement: SegmentPlacement("", CollectionConfig()))
        } catch {
            add(.primary, "", error.message)
            return
        }
        guard segment.meta.fits(field) else {
            add(.primary, "meta", "is not that of vector \"\(field.name)\"")
            return
        }
        checkOwnDirectory()
        checkSlots(segment)
        try checkPoints(segment, taken)
        if let rows = segment.rows { checkRows(segment, rows) }
        if let sparse = segment.sparse { checkSparse(segment, sparse) }
        if segment.meta.graph != nil { checkGraph(segment) }
    }

    private func isWhole() throws -> Bool {
        let finding: SegmentInspection.Finding
        do throws(FileError) {
            finding = try SegmentInspection.inspect(path, listed.entry) { (count) throws(FileError) in
                do {
                    try report.advance(count)
                } catch {
                    throw FileError(operation: "read", path: path, code: ECANCELED)
                }
            }
        } catch {
            if error.code == ECANCELED { throw VerificationCancelled() }
            add(.primary, "", QuiverError(error).message)
            return false
        }
        switch finding {
        case .untouched, .whole: return true
        case .primaryDamage(let reason): add(.primary, "", reason)
        case .derivedDamage(let parts):
            for part in parts {
                add(
                    .derived, part == "structure" ? "between the chunks" : "chunk \(part)",
                    "does not fit its checksum")
            }
        }
        return false
    }

    /// The file speaks for itself as well: both have to agree.
    private func checkOwnDirectory() {
        do throws(QuiverError) {
            let (meta, chunks) = try SegmentEntry.ownDirectory(path)
            if meta != listed.entry.meta { add(.derived, "meta", "is another than the manifest has") }
            if chunks != listed.entry.chunks { add(.derived, "chunks", "lie elsewhere than the manifest says") }
        } catch {
            add(.derived, "", error.message)
        }
    }

    private func checkSlots(_ segment: SealedSegment) {
        let table = segment.slots
        let count = table.count
        for row in 1..<max(1, count) where unsafe table.slots[row] <= table.slots[row - 1] {
            add(.primary, "chunk slots", "does not ascend at row \(row)")
            return
        }
        guard unsafe table.slots[0] == table.firstSlot, unsafe table.slots[count - 1] == table.lastSlot else {
            add(.primary, "chunk slots", "does not begin and end as meta says")
            return
        }
        if table.lastSlot >= slotCount {
            add(.primary, "chunk slots", "slot \(table.lastSlot), but slots end before \(slotCount)")
        }
        var bitmap = [UInt64](repeating: 0, count: SlotTable.wordCount(first: table.firstSlot, last: table.lastSlot))
        var ranks = [UInt32](repeating: 0, count: SlotTable.rankCount(first: table.firstSlot, last: table.lastSlot))
        unsafe bitmap.withUnsafeMutableBufferPointer { bitmap in
            unsafe ranks.withUnsafeMutableBufferPointer { ranks in
                unsafe SlotTable.fill(
                    slots: UnsafeBufferPointer(start: table.slots, count: count), bitmap: bitmap, ranks: ranks)
            }
        }
        let sameBits = bitmap.indices.allSatisfy { unsafe bitmap[$0] == table.bitmap[$0] }
        let sameRanks = ranks.indices.allSatisfy { unsafe ranks[$0] == table.ranks[$0] }
        if !sameBits { add(.derived, "chunk slot_bitmap", "does not hold the slots") }
        if !sameRanks { add(.derived, "chunk slot_ranks", "does not count the slots") }
    }

    /// Of the live rows: that each slot has a point and no other live row, and that ids are those of the points.
    private func checkPoints(_ segment: SealedSegment, _ taken: SlotBitmap) throws {
        var deadBeyond = 0
        if dead.count > 0 {
            var live = 0
            for row in 0..<UInt32(segment.pointCount) where !dead.contains(row) { live += 1 }
            deadBeyond = dead.count - (segment.pointCount - live)
        }
        if deadBeyond > 0 { add(.primary, "dead rows", "\(deadBeyond) lie behind the last row") }
        var orphans = 0
        var doubles = 0
        var wrongNumbers = 0
        for row in 0..<segment.pointCount where !dead.contains(UInt32(row)) {
            let slot = unsafe segment.slots.slots[row]
            guard slot < slotCount else { continue }
            if taken.contains(slot) { doubles += 1 }
            taken.insert(slot)
            guard let bytes = unsafe try transaction.getUnchecked(store.points, SlotKey(slot)),
                let point = unsafe try? PointEntry(bytes)
            else {
                orphans += 1
                continue
            }
            if let ids = unsafe segment.ids, unsafe point.id != .number(ids[row]) { wrongNumbers += 1 }
        }
        if orphans > 0 { add(.primary, "chunk slots", "\(orphans) live rows have no point") }
        if doubles > 0 { add(.primary, "chunk slots", "\(doubles) points have a live row in another segment, too") }
        if wrongNumbers > 0 { add(.derived, "chunk ids", "\(wrongNumbers) ids are not those of their points") }
    }

    private func checkGraph(_ segment: SealedSegment) {
        guard let graph = segment.graph, let words = segment.entry.chunk(.upperLinks).map({ $0.byteCount / 4 }) else {
            return
        }
        let found = graph.examine(upperLinkWords: words)
        if found.isLaidOutWrong { add(.derived, "chunk upper_offsets", "does not lay out the levels that meta speaks of") }
        if found.strayLinks > 0 { add(.derived, "graph", "\(found.strayLinks) links lead out of it or off their level") }
        if found.selfLinks > 0 { add(.derived, "graph", "\(found.selfLinks) links lead from a row to itself") }
        if found.repeatedLinks > 0 { add(.derived, "graph", "\(found.repeatedLinks) links are there twice") }
        if found.linksBehindEnd > 0 { add(.derived, "graph", "\(found.linksBehindEnd) links lie behind the end of their list") }
        if found.unreachableRows > 0 {
            add(.derived, "graph", "\(found.unreachableRows) of \(graph.rowCount) rows are out of reach of its entry")
        }
        if let links = segment.rows?.payloadLinks, !links.isConsistent {
            add(.derived, "chunk payload_links", "leads out of the graph")
        }
    }
}
