public import QuiverModel

extension Collection {
    /// Adds a vector name while the collection is in use; no point has a vector under it at first. The very same
    /// configuration again is fine.
    ///
    /// - Throws: `.badInput` where the name has another configuration.
    @discardableResult
    public func createVectorName(
        _ name: String, _ config: VectorNameConfig, wait: Bool = true, timeout: Duration? = nil
    ) async throws(QuiverError) -> UpdateResult {
        throw .notImplemented("Adding a named vector")
    }

    /// Drops a vector name with the data of all points under it.
    @discardableResult
    public func dropVectorName(
        _ name: String, wait: Bool = true, timeout: Duration? = nil
    ) async throws(QuiverError) -> UpdateResult {
        throw .notImplemented("Deleting a named vector")
    }
}
