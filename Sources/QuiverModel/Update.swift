/// Which points an update is about.
public enum PointSelector: Sendable {
    case ids([PointID])
    /// An empty filter selects all points.
    case filter(Filter)
}

/// Which points an upsert writes. Names as on the wire.
public enum UpdateMode: String, Sendable, CaseIterable {
    case upsert
    /// Points that are there stay as they are.
    case insertOnly = "insert_only"
    /// Points that are not there are left out.
    case updateOnly = "update_only"
}

/// What a new vector name of a live collection holds.
public enum VectorNameConfig: Sendable {
    case dense(VectorParams)
    case sparse(SparseVectorParams)
}

/// One change of a collection. A request is a list of them, applied in order, all or none.
public enum UpdateOperation: Sendable {
    /// Replaces whole points: vectors and payload that are not sent are gone.
    case upsert(PointBatch)
    /// Replaces the sent vectors of existing points; a missing point is an error.
    case updateVectors(PointBatch)
    case deleteVectors(PointSelector, names: [String])
    case deletePoints(PointSelector)
    /// Merges top-level keys into the payload, or into the value at `path`. A null removes its key.
    case setPayload(Payload, PointSelector, path: PayloadPath?)
    /// Replaces the whole payload.
    case overwritePayload(Payload, PointSelector)
    case deletePayload(keys: [PayloadPath], PointSelector)
    case clearPayload(PointSelector)
}

public enum UpdateStatus: String, Sendable {
    /// Durable, and visible to the next request.
    case acknowledged
    case completed
    /// The request's timeout passed before the update was applied; it will still be applied.
    case waitTimeout = "wait_timeout"
}

public struct UpdateResult: Sendable {
    /// Increases with every update of the collection.
    public var operationID: UInt64
    public var status: UpdateStatus

    public init(operationID: UInt64, status: UpdateStatus) {
        self.operationID = operationID
        self.status = status
    }
}
