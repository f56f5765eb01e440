package import QuiverModel

/// Points by their ids.
package struct RetrieveRequest: Sendable {
    package var ids: [PointID]
    package var withPayload: PayloadSelector
    package var withVectors: VectorSelector
}

package struct CountRequest: Sendable {
    package var filter: Filter?
    package var exact: Bool
}

/// The operations of a `points/batch` request, in order, to be applied together.
package struct BatchUpdate: Sendable {
    package var operations: [UpdateOperation]
    /// Results that the answer holds: one for each operation as the client counts them, which may be two of ours.
    package var resultCount: Int
}
