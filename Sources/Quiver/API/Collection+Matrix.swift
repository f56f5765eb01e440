public import QuiverModel

extension Collection {
    /// The nearest neighbours of a random sample of points within the sample. Fewer than two points make no matrix.
    public func matrixBlocking(_ request: MatrixRequest, timeout: Duration? = nil) throws(QuiverError) -> DistanceMatrix {
        try core.admitRead(timeout, cost: RateCost.matrix(request)) { check throws(QuiverError) in
            try check.matrix(request)
        }
        let deadline = timeout.map { ContinuousClock.now + $0 }
        return try reading { reader in try reader.matrix(request, deadline) }
    }
}
