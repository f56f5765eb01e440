public import QuiverModel

extension Collection {
    /// Values of an indexed field with the number of points that have them, the most frequent first, equal ones by
    /// value.
    ///
    /// - Throws: `.badRequest` without a keyword, integer (lookup), uuid or bool index.
    public func facetBlocking(_ request: FacetRequest, timeout: Duration? = nil) throws(QuiverError) -> [FacetHit] {
        throw .notImplemented("Faceting")
    }
}
