import QuiverLMDB
public import QuiverModel
import QuiverPayload

extension Collection {
    /// Values of an indexed field with the number of points that have them, the most frequent first, equal ones by
    /// value.
    ///
    /// The counts are exact in any case.
    /// - Throws: `.badInput` without a keyword, integer (lookup), uuid or bool index that is built.
    public func facetBlocking(_ request: FacetRequest, timeout: Duration? = nil) throws(QuiverError) -> [FacetHit] {
        try core.admitRead(timeout, cost: RateCost.filtered(request.filter)) { check throws(QuiverError) in
            try check.facet(request)
        }
        let deadline = timeout.map { ContinuousClock.now + $0 }
        return try reading { reader in try reader.facet(request, deadline) }
    }
}

extension CollectionReader {
    fileprivate func facet(_ request: FacetRequest, _ deadline: ContinuousClock.Instant?) throws -> [FacetHit] {
        try CollectionReader.checkWindow(limit: request.limit)
        guard let index = view.indexes[request.key] else {
            throw PayloadError.indexCannotFacet(field: request.key.text)
        }
        let matching = try matching(request.filter, deadline)
        return try FacetCounter.count(
            index, matching: matching, limit: request.limit, payloads: store.payload, in: transaction.handle,
            deadline: Deadline(deadline))
    }
}
