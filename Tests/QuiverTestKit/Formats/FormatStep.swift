public import QuiverModel

/// One change of a collection of a sample.
public enum FormatStep: Sendable {
    public struct Entry: Sendable {
        public var id: PointID
        public var vectors: [String: VectorValue]
        public var payload: PlainJSON

        public init(_ id: PointID, _ vectors: [String: VectorValue], _ payload: PlainJSON = .object([])) {
            self.id = id
            self.vectors = vectors
            self.payload = payload
        }
    }

    case upsert([Entry])
    /// Payloads do not count.
    case updateVectors([Entry])
    case deletePoints([PointID])
    case deleteVectors([PointID], names: [String])
    case setPayload(PlainJSON, [PointID], path: String?)
    case overwritePayload(PlainJSON, [PointID])
    case deletePayload(keys: [String], [PointID])
    case clearPayload([PointID])
    case makeIndex(String, PayloadIndexParams)
    case dropIndex(String)
    case makeVectorName(String, VectorNameConfig)
    case dropVectorName(String)
    case setMetadata(String)
    /// What there is goes into segments.
    case seal

    /// The update that it is; nil for a change of another kind.
    public func operation() throws -> UpdateOperation? {
        func payload(_ json: PlainJSON) -> Payload { Payload(validated: Array(json.text.utf8)) }
        func vectors(_ named: [String: VectorValue]) -> PointVectors {
            if named.isEmpty { return .none }
            return named[""].map { .unnamed($0) } ?? .named(named)
        }
        switch self {
        case .upsert(let entries):
            return .upsert(
                PointBatch(entries.map { Point(id: $0.id, vectors: vectors($0.vectors), payload: payload($0.payload)) }))
        case .updateVectors(let entries):
            return .updateVectors(PointBatch(entries.map { Point(id: $0.id, vectors: vectors($0.vectors)) }))
        case .deletePoints(let ids): return .deletePoints(.ids(ids))
        case .deleteVectors(let ids, let names): return .deleteVectors(.ids(ids), names: names)
        case .setPayload(let json, let ids, let path):
            return .setPayload(payload(json), .ids(ids), path: try path.map { try PayloadPath(parsing: $0) })
        case .overwritePayload(let json, let ids): return .overwritePayload(payload(json), .ids(ids))
        case .deletePayload(let keys, let ids):
            return .deletePayload(keys: try keys.map { try PayloadPath(parsing: $0) }, .ids(ids))
        case .clearPayload(let ids): return .clearPayload(.ids(ids))
        case .makeIndex, .dropIndex, .makeVectorName, .dropVectorName, .setMetadata, .seal: return nil
        }
    }
}
