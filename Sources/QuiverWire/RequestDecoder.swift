import QuiverJSON
package import QuiverModel

/// Request bodies of the REST interface, read straight from their bytes into the model.
///
/// Every field of Qdrant 1.19's bodies is honoured, harmless by its definition (a comment says why), or refused with
/// 501 and its name. `body` has to stay valid during the call only.
package enum RequestDecoder {
    /// Parsers with warm buffers; a body of ordinary size leaves them as they are.
    private static let parsers = JSONParserPool(keptByteCount: 16 << 20)

    /// Bytes that have to be readable behind a body that is said to be padded.
    package static let paddingByteCount = JSONParser.paddingByteCount

    /// - Parameter isPadded: the body is read where it is, not copied first.
    static func decode<Result>(
        _ body: UnsafeRawBufferPointer, isPadded: Bool = false, _ read: (JSONNode) throws(WireFault) -> Result
    ) throws(WireError) -> Result {
        try parsers.withParser { (parser) throws(WireError) in
            let refuse: (JSONError) -> WireError = {
                WireError(status: 400, message: "Format error in JSON body: \($0.description)")
            }
            let readRoot = { (root: JSONNode) throws(WireError) -> Result in
                do throws(WireFault) {
                    return try read(root)
                } catch {
                    throw unsafe refusal(of: root, body, first: error, read)
                }
            }
            return isPadded
                ? try unsafe parser.withParsed(paddedBytes: body, mapError: refuse, readRoot)
                : try unsafe parser.withParsed(bytes: body, mapError: refuse, readRoot)
        }
    }

    /// Reads a body again that was refused, to tell all that is wrong with it.
    private static func refusal<Result>(
        of root: JSONNode, _ body: UnsafeRawBufferPointer, first: WireFault,
        _ read: (JSONNode) throws(WireFault) -> Result
    ) -> WireError {
        if first.kind == .format || first.kind == .unsupported { return unsafe first.error(in: root, of: body) }
        let list = FaultList()
        let last: WireFault? = FaultList.$current.withValue(list) {
            do throws(WireFault) {
                _ = try read(root)
                return nil
            } catch {
                return error
            }
        }
        return unsafe WireFault.error(list, last: last, first: first, in: root, of: body)
    }
}

// MARK: Collections

extension RequestDecoder {
    /// `PUT /collections/{name}`. What the body does not say stays as `defaults` has it.
    package static func createCollection(
        _ body: UnsafeRawBufferPointer, defaults: CollectionConfig = CollectionConfig()
    ) throws(WireError) -> CollectionConfig {
        try unsafe decode(body) { (node) throws(WireFault) in try collectionConfig(node, defaults: defaults) }
    }

    /// `PATCH /collections/{name}`
    package static func updateCollection(_ body: UnsafeRawBufferPointer) throws(WireError) -> CollectionPatch {
        try unsafe decode(body, collectionPatch)
    }

    /// `POST /collections/aliases`
    package static func aliasActions(_ body: UnsafeRawBufferPointer) throws(WireError) -> [AliasAction] {
        try unsafe decode(body, aliases)
    }

    /// `PUT …/vectors/{vector_name}`
    package static func createVectorName(
        _ body: UnsafeRawBufferPointer, name: String
    ) throws(WireError) -> VectorNameConfig {
        try unsafe decode(body) { (node) throws(WireFault) in try vectorNameConfig(node, name: name) }
    }

    /// `PUT /collections/{name}/index`
    package static func createIndex(
        _ body: UnsafeRawBufferPointer
    ) throws(WireError) -> (field: PayloadPath, params: PayloadIndexParams) {
        try unsafe decode(body, fieldIndex)
    }
}

// MARK: Parts of bodies, for callers that give them one by one

extension RequestDecoder {
    /// What stands at `filter` in a query.
    package static func filter(_ text: UnsafeRawBufferPointer) throws(WireError) -> Filter {
        try unsafe decode(text) { (node) throws(WireFault) in try filter(at: node) }
    }

    /// What stands at `params` in a query.
    package static func searchParams(_ text: UnsafeRawBufferPointer) throws(WireError) -> SearchParams {
        try unsafe decode(text) { (node) throws(WireFault) in try searchParams(at: node) }
    }
}

// MARK: Updates: the operations of one request, to be applied together

extension RequestDecoder {
    /// `PUT …/points`, as a list or a batch.
    package static func upsert(_ body: UnsafeRawBufferPointer) throws(WireError) -> [UpdateOperation] {
        try unsafe decode(body, upsertOperations)
    }

    /// The same, not copied: `paddingByteCount` bytes behind the body have to be readable.
    package static func upsertInPlace(_ body: UnsafeRawBufferPointer) throws(WireError) -> [UpdateOperation] {
        try unsafe decode(body, isPadded: true, upsertOperations)
    }

    /// `PUT …/points/vectors`
    package static func updateVectors(_ body: UnsafeRawBufferPointer) throws(WireError) -> [UpdateOperation] {
        try unsafe decode(body, updateVectorsOperations)
    }

    /// `POST …/points/vectors/delete`
    package static func deleteVectors(_ body: UnsafeRawBufferPointer) throws(WireError) -> [UpdateOperation] {
        try unsafe decode(body, deleteVectorsOperations)
    }

    /// `POST …/points/delete`
    package static func deletePoints(_ body: UnsafeRawBufferPointer) throws(WireError) -> [UpdateOperation] {
        try unsafe decode(body, deletePointsOperations)
    }

    /// `POST …/points/payload`
    package static func setPayload(_ body: UnsafeRawBufferPointer) throws(WireError) -> [UpdateOperation] {
        try unsafe decode(body, setPayloadOperations)
    }

    /// `PUT …/points/payload`
    package static func overwritePayload(_ body: UnsafeRawBufferPointer) throws(WireError) -> [UpdateOperation] {
        try unsafe decode(body, overwritePayloadOperations)
    }

    /// `POST …/points/payload/delete`
    package static func deletePayload(_ body: UnsafeRawBufferPointer) throws(WireError) -> [UpdateOperation] {
        try unsafe decode(body, deletePayloadOperations)
    }

    /// `POST …/points/payload/clear`
    package static func clearPayload(_ body: UnsafeRawBufferPointer) throws(WireError) -> [UpdateOperation] {
        try unsafe decode(body, clearPayloadOperations)
    }

    /// `POST …/points/batch`
    package static func batchUpdate(_ body: UnsafeRawBufferPointer) throws(WireError) -> BatchUpdate {
        try unsafe decode(body, batchUpdateOperations)
    }
}

// MARK: Reads

extension RequestDecoder {
    /// `POST …/points`
    package static func retrieve(_ body: UnsafeRawBufferPointer) throws(WireError) -> RetrieveRequest {
        try unsafe decode(body, retrieveRequest)
    }

    /// `POST …/points/scroll`
    package static func scroll(_ body: UnsafeRawBufferPointer) throws(WireError) -> ScrollRequest {
        try unsafe decode(body, scrollRequest)
    }

    /// `POST …/points/count`
    package static func count(_ body: UnsafeRawBufferPointer) throws(WireError) -> CountRequest {
        try unsafe decode(body, countRequest)
    }

    /// `POST …/points/query`
    package static func query(_ body: UnsafeRawBufferPointer) throws(WireError) -> QueryRequest {
        try unsafe decode(body, queryRequest)
    }

    /// `POST …/points/query/batch`
    package static func queryBatch(_ body: UnsafeRawBufferPointer) throws(WireError) -> [QueryRequest] {
        try unsafe decode(body, queryBatchRequest)
    }

    /// `POST …/points/query/groups`
    package static func queryGroups(_ body: UnsafeRawBufferPointer) throws(WireError) -> GroupsRequest {
        try unsafe decode(body, queryGroupsRequest)
    }

    /// `POST …/facet`
    package static func facet(_ body: UnsafeRawBufferPointer) throws(WireError) -> FacetRequest {
        try unsafe decode(body, facetRequest)
    }

    /// `POST …/points/search/matrix/pairs` and `…/offsets`
    package static func matrix(_ body: UnsafeRawBufferPointer) throws(WireError) -> MatrixRequest {
        try unsafe decode(body, matrixRequest)
    }

    /// `POST …/points/discover`
    package static func discover(_ body: UnsafeRawBufferPointer) throws(WireError) -> QueryRequest {
        try unsafe decode(body, discoverRequest)
    }

    /// `POST …/points/discover/batch`
    package static func discoverBatch(_ body: UnsafeRawBufferPointer) throws(WireError) -> [QueryRequest] {
        try unsafe decode(body) { (root) throws(WireFault) in try searches(root, discoverRequest) }
    }

    /// `POST …/points/search`
    package static func search(_ body: UnsafeRawBufferPointer) throws(WireError) -> QueryRequest {
        try unsafe decode(body, searchRequest)
    }

    /// `POST …/points/search/batch`
    package static func searchBatch(_ body: UnsafeRawBufferPointer) throws(WireError) -> [QueryRequest] {
        try unsafe decode(body) { (root) throws(WireFault) in try searches(root, searchRequest) }
    }

    /// `POST …/points/search/groups`
    package static func searchGroups(_ body: UnsafeRawBufferPointer) throws(WireError) -> GroupsRequest {
        try unsafe decode(body, searchGroupsRequest)
    }

    /// `POST …/points/recommend`
    package static func recommend(_ body: UnsafeRawBufferPointer) throws(WireError) -> QueryRequest {
        try unsafe decode(body, recommendRequest)
    }

    /// `POST …/points/recommend/batch`
    package static func recommendBatch(_ body: UnsafeRawBufferPointer) throws(WireError) -> [QueryRequest] {
        try unsafe decode(body) { (root) throws(WireFault) in try searches(root, recommendRequest) }
    }

    /// `POST …/points/recommend/groups`
    package static func recommendGroups(_ body: UnsafeRawBufferPointer) throws(WireError) -> GroupsRequest {
        try unsafe decode(body, recommendGroupsRequest)
    }
}
