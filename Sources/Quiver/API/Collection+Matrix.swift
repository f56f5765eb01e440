public import QuiverModel

extension Collection {
    /// The nearest neighbours of a random sample of points within the sample. Fewer than two points make no matrix.
    public func matrixBlocking(_ request: MatrixRequest, timeout: Duration? = nil) throws(QuiverError) -> DistanceMatrix {
        let deadline = timeout.map { ContinuousClock.now + $0 }
        return try reading { reader in try reader.matrix(request, deadline) }
    }
}
