public import QuiverModel

extension Collection {
    /// The nearest neighbours of a random sample of points within the sample.
    public func matrixBlocking(_ request: MatrixRequest, timeout: Duration? = nil) throws(QuiverError) -> DistanceMatrix {
        throw .notImplemented("The distance matrix")
    }
}
