import QuiverLMDB
import QuiverModel
import QuiverPayload

extension CollectionReader {
    /// Matches fewer than this are fetched and sorted; for more the ids are walked in order and looked up in the set.
    private static let sortedMatches = 4096

    func scroll(_ request: ScrollRequest, _ deadline: ContinuousClock.Instant?) throws -> ScrollPage {
        try CollectionReader.checkWindow(limit: request.limit)
        let matching = try matching(request.filter, deadline)?.bitmap
        if let order = request.orderBy {
            let points = try ordered(order, matching, limit: request.limit, deadline)
            let records = try points.map { point in
                try record(
                    point.slot, id: point.id, request.withPayload, request.withVectors, orderValue: point.value)
            }
            return ScrollPage(records: records, nextOffset: nil)
        }
        let page = try idsInOrder(from: request.offset, matching, limit: request.limit + 1, deadline)
        let records = try page.prefix(request.limit).map { point in
            try record(point.slot, id: point.id, request.withPayload, request.withVectors)
        }
        return ScrollPage(records: records, nextOffset: page.count > request.limit ? page[request.limit].id : nil)
    }

    struct PlacedPoint {
        var slot: UInt32
        var id: PointID
        var value: OrderValue?
    }

    /// The first `limit` points whose id is not below `offset`, in the order of ids.
    func idsInOrder(
        from offset: PointID?, _ matching: SlotBitmap?, limit: Int, _ deadline: ContinuousClock.Instant?
    ) throws -> [PlacedPoint] {
        if let matching, matching.count < Self.sortedMatches {
            return try sortedIDs(matching, from: offset, limit: limit)
        }
        var points: [PlacedPoint] = []
        let deadline = Deadline(deadline)
        var cursor = try transaction.handle.openCursor(store.ids)
        var entry = unsafe try offset.map { unsafe try cursor.firstNotBelow(IDKey.key($0)) } ?? cursor.first()
        var steps = 0
        while let found = unsafe entry, points.count < limit {
            let slot = unsafe try SlotKey.read(found.value)
            if matching?.contains(slot) ?? true {
                points.append(PlacedPoint(slot: slot, id: unsafe try IDKey.read(found.key)))
            }
            steps += 1
            if steps % 4096 == 0 { try deadline.check() }
            unsafe entry = try cursor.next()
        }
        return points
    }

    private func sortedIDs(_ matching: SlotBitmap, from offset: PointID?, limit: Int) throws -> [PlacedPoint] {
        var points: [PlacedPoint] = []
        try matching.forEach { (slot) throws in
            let id = try point(slot).id
            if let offset, id < offset { return }
            points.append(PlacedPoint(slot: slot, id: id))
        }
        points.sort { $0.id < $1.id }
        return Array(points.prefix(limit))
    }

    /// Points by the value of an indexed field; equal values by id, in the same direction.
    func ordered(
        _ order: OrderBy, _ matching: SlotBitmap?, limit: Int, _ deadline: ContinuousClock.Instant?
    ) throws -> [PlacedPoint] {
        guard let index = view.indexes[order.key], index.isReady, index.params.answersRange else {
            throw QuiverError.badRequest(
                "No range index for `order_by` key: `\(order.key)`. Please create one to use `order_by`. "
                    + "Check https://qdrant.tech/documentation/concepts/indexing/#payload-index to see which payload schemas "
                    + "support Range conditions")
        }
        var points: [PlacedPoint] = []
        var equal: [PlacedPoint] = []
        func settle() {
            equal.sort { order.direction == .ascending ? $0.id < $1.id : $1.id < $0.id }
            points.append(contentsOf: equal)
            equal.removeAll(keepingCapacity: true)
        }
        let deadline = Deadline(deadline)
        try index.forEachInOrder(order, matching, deadline, transaction.handle) { (value, slot) throws in
            // A single value may have all points.
            if equal.count % 4096 == 4095 { try deadline.check() }
            if let last = equal.last?.value, last != value {
                settle()
                if points.count >= limit { return false }
            }
            equal.append(PlacedPoint(slot: slot, id: try point(slot).id, value: value))
            return true
        }
        settle()
        return Array(points.prefix(limit))
    }
}
