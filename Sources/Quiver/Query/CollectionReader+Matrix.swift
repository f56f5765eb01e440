import QuiverIndex
import QuiverModel
import QuiverPayload

extension CollectionReader {
    /// The nearest neighbours of a random sample of points that have the vector, within the sample.
    func matrix(_ request: MatrixRequest, _ deadline: ContinuousClock.Instant?) throws -> DistanceMatrix {
        try CollectionReader.checkWindow(limit: request.sample)
        try CollectionReader.checkWindow(limit: request.limit)
        guard let index = view.vectorIndex(named: request.using) else {
            throw QuiverError.vectorNameUnknown(request.using)
        }
        let nothing = DistanceMatrix(ids: [], neighbours: [])
        if request.sample == 0 || request.limit == 0 { return nothing }
        let vector = view.vectors[index]
        let having = SlotBitmap(bitCount: Int(view.slotCount))
        vector.markSlots(in: having)
        if let accepted = try matching(request.filter, deadline) { having.formIntersection(accepted.bitmap) }
        let drawn = RandomSample.draw(request.sample, from: having, count: having.count)
        if drawn.count < 2 { return nothing }

        var sample: [(id: PointID, slot: UInt32)] = []
        for slot in drawn { sample.append((try point(slot).id, slot)) }
        sample.sort { $0.id < $1.id }
        let places = Dictionary(uniqueKeysWithValues: sample.enumerated().map { ($1.slot, $0) })
        let slots = MatchSet(slots: drawn.sorted(), bitCount: Int(view.slotCount))
        var neighbours: [[DistanceMatrix.Neighbour]] = []
        for point in sample {
            guard let value = vector.value(ofSlot: point.slot) else { continue }
            // One more than asked for: the point is its own neighbour.
            let found = try similar(
                index, .nearest(value), SearchParams(exact: true), slots, limit: request.limit + 1, deadline)
            neighbours.append(
                found.filter { $0.slot != point.slot }.prefix(request.limit).compactMap { answer in
                    places[answer.slot].map {
                        DistanceMatrix.Neighbour(place: $0, score: vector.field.distance.shown(answer.score))
                    }
                })
        }
        return DistanceMatrix(ids: sample.map(\.id), neighbours: neighbours)
    }
}
