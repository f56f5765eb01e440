import QuiverWire
import Testing

struct Refusal: CustomTestStringConvertible, Sendable {
    var decoder: String
    var body: String
    var text: String

    init(_ decoder: String, _ body: String, _ text: String) {
        self.decoder = decoder
        self.body = body
        self.text = text
    }

    var testDescription: String { "\(decoder) \(body)" }
}

@Suite struct ErrorTests {
    /// Whole texts: the paths are Qdrant's, with the names of its flattened structs.
    @Test(arguments: [
        Refusal("query", #"{"query":1,"limit":0}"#, "internal.limit: value 0 invalid, must be 1 or larger"),
        Refusal("query", #"{"limit":10000001}"#, "internal.limit: value 10000001 invalid, must be 10000000 or smaller"),
        Refusal("query", #"{"params":{"hnsw_ef":0}}"#, "internal.params.hnsw_ef: value 0 invalid, must be 1 or larger"),
        Refusal("query", #"{"params":{"quantization":{"oversampling":0.5}}}"#, "internal.params.quantization.oversampling: value 0.5 invalid, must be 1.0 or larger"),
        Refusal("query", #"{"query":{"recommend":{"positive":[],"negative":[]}}}"#, "internal.query.recommend.positives, negatives: Validation error: At least one positive or negative vector/id must be provided [{}]"),
        Refusal("query", #"{"filter":{"must":[{"has_id":[]},{"key":"a"}]}}"#, "internal.filter.must[1].match: Validation error: At least one field condition must be specified [{}]"),
        Refusal("query", #"{"filter":{"min_should":{"conditions":[],"min_count":0}}}"#, "internal.filter.min_should.min_count: value 0 invalid, must be 1 or larger"),
        Refusal("query", #"{"limit":9999999,"offset":2}"#, "internal.offset: value 2 invalid, limit and offset together must be at most 10000000"),
        Refusal("query", #"{"offset":18446744073709551615}"#, "internal.offset: value 18446744073709551615 invalid, must be 10000000 or smaller"),
        Refusal("queryGroups", #"{"query":1,"group_by":"a","group_size":10000000,"limit":2}"#, "search_group_request.group_request.group_size: value 10000000 invalid, group_size times limit must be at most 10000000"),
        Refusal("queryGroups", #"{"query":1,"group_by":""}"#, "search_group_request.group_request.group_by: must be at least 1 characters"),
        Refusal("aliasActions", #"{"actions":[{"create_alias":{"collection_name":"c","alias_name":"a/b"}}]}"#, #"actions[0].create_alias.alias_name: collection name cannot contain "/" char"#),
        Refusal("queryBatch", #"{"searches":[{},{"limit":0}]}"#, "searches[1].internal.limit: value 0 invalid, must be 1 or larger"),
        Refusal("queryGroups", #"{"query":1,"group_by":"a","group_size":0}"#, "search_group_request.group_request.group_size: value 0 invalid, must be 1 or larger"),
        Refusal("queryGroups", #"{"query":1,"group_by":"a","limit":0}"#, "search_group_request.group_request.limit: value 0 invalid, must be 1 or larger"),
        Refusal("queryGroups", #"{"query":1,"group_by":"a","filter":{"must":{"key":"b"}}}"#, "search_group_request.filter.must.match: Validation error: At least one field condition must be specified [{}]"),
        Refusal("scroll", #"{"limit":0}"#, "scroll_request.limit: value 0 invalid, must be 1 or larger"),
        Refusal("count", #"{"filter":{"must":{"key":"b"}}}"#, "count_request.filter.must.match: Validation error: At least one field condition must be specified [{}]"),
        Refusal("search", #"{"vector":[1],"limit":0}"#, "search_request.limit: value 0 invalid, must be 1 or larger"),
        Refusal("searchBatch", #"{"searches":[{"vector":[1],"limit":0}]}"#, "searches[0].search_request.limit: value 0 invalid, must be 1 or larger"),
        Refusal("recommend", #"{"positive":[1],"limit":0}"#, "recommend_request.limit: value 0 invalid, must be 1 or larger"),
        Refusal("upsert", #"{"points":[{"id":1,"vector":[1]},{"id":2,"vector":[]}]}"#, "points[1].vector.vector: dense vector must not be empty"),
        Refusal("upsert", #"{"points":[{"id":1,"vector":{"a":[]}}]}"#, "points[0].vector.?.vector: dense vector must not be empty"),
        Refusal("upsert", #"{"batch":{"ids":[1,2],"vectors":[[1]]}}"#, "batch.batch: number of ids and vectors must be equal (2 != 1)"),
        Refusal("upsert", #"{"batch":{"ids":[1],"vectors":{"a":[[1]],"b":[[1],[2]]}}}"#, "batch.batch: number of ids and vectors must be equal (1 != 2)"),
        Refusal("upsert", #"{"batch":{"ids":[1],"vectors":[[1]],"payloads":[]}}"#, "batch.batch: number of ids and payloads must be equal (1 != 0)"),
        Refusal("updateVectors", #"{"points":[{"id":1,"vector":{}}]}"#, "points[0].vector: must specify vectors to update for point"),
        Refusal("updateVectors", #"{"points":[{"id":1,"vector":{"a":[]}}]}"#, "points[0].vector: must specify vectors to update for point"),
        Refusal("updateVectors", #"{"points":[]}"#, "points: must specify points to update"),
        Refusal("deleteVectors", #"{"points":[1],"vector":[]}"#, "vector: must specify vector names to delete"),
        Refusal("batchUpdate", #"{"operations":[{"update_vectors":{"points":[{"id":1,"vector":[]}]}}]}"#, "operations[0].update_vectors.points[0].vector: must specify vectors to update for point"),
        Refusal("createCollection", #"{"vectors":{"size":65537,"distance":"Dot"}}"#, "vectors.size: value 65537 invalid, must be from 1 to 65536"),
        Refusal("createCollection", #"{"vectors":{"size":0,"distance":"Dot"}}"#, "vectors.size: value 0 invalid, must be from 1 to 65536"),
        Refusal("createCollection", #"{"vectors":{"a":{"size":0,"distance":"Dot"}}}"#, "vectors.?.size: value 0 invalid, must be from 1 to 65536"),
        Refusal("createCollection", #"{"hnsw_config":{"ef_construct":3}}"#, "hnsw_config.ef_construct: value 3 invalid, must be 4 or larger"),
        Refusal("createCollection", #"{"hnsw_config":{"full_scan_threshold":9}}"#, "hnsw_config.full_scan_threshold: value 9 invalid, must be 10 or larger"),
        Refusal("createCollection", #"{"hnsw_config":{"m":129}}"#, "hnsw_config.m: value 129 invalid, must be 128 or smaller"),
        Refusal("createCollection", #"{"shard_number":0}"#, "shard_number: value 0 invalid, must be 1 or larger"),
        Refusal("createCollection", #"{"wal_config":{"wal_capacity_mb":0}}"#, "wal_config.wal_capacity_mb: value 0 invalid, must be 1 or larger"),
        Refusal("createCollection", #"{"optimizers_config":{"deleted_threshold":1.5}}"#, "optimizers_config.deleted_threshold: value 1.5 invalid, must be from 0.0 to 1.0"),
        Refusal("createCollection", #"{"optimizers_config":{"vacuum_min_vector_number":99}}"#, "optimizers_config.vacuum_min_vector_number: value 99 invalid, must be 100 or larger"),
        Refusal("createCollection", #"{"optimizers_config":{"max_segment_size":0}}"#, "optimizers_config.max_segment_size: value 0 invalid, must be 1 or larger"),
        Refusal("updateCollection", #"{"params":{"replication_factor":0}}"#, "params.replication_factor: value 0 invalid, must be 1 or larger"),
        Refusal("createIndex", #"{"field_name":"a","field_schema":{"type":"integer","lookup":false,"range":false}}"#, "field_schema.lookup: Validation error: the 'lookup' and 'range' capabilities can't be both disabled [{}]"),
    ])
    func rulesAreAnsweredWith422(_ refusal: Refusal) throws {
        #expect(
            try fault(refusal.body, decoder(refusal.decoder))
                == WireError(status: 422, message: "Validation error in JSON body: [\(refusal.text)]"))
    }

    /// serde's words first, then where.
    @Test(arguments: [
        Refusal("upsert", "", "EOF while parsing a value"),
        Refusal("upsert", "{", "EOF while parsing"),
        Refusal("upsert", "{}x", "trailing characters"),
        Refusal("upsert", #"{"points":[{"id":1,"vector":[NaN]}]}"#, "expected value"),
        Refusal("upsert", #"{"points":[{"id":1,"vector":[1e999]}]}"#, "number out of range"),
        Refusal("upsert", "[]", "invalid type: sequence, expected PointInsertOperations at line 1 column 1"),
        Refusal("upsert", "{}", "data did not match any variant of untagged enum PointInsertOperations at line 1 column 1"),
        Refusal("upsert", #"{"points":{}}"#, "invalid type: map, expected a sequence at line 1 column 11 (points)"),
        Refusal("upsert", #"{"points":[{"id":1}]}"#, "missing field `vector` at line 1 column 12 (points[0])"),
        Refusal("upsert", #"{"points":[{"vector":[1]}]}"#, "missing field `id` at line 1 column 12 (points[0])"),
        Refusal("upsert", "{\"points\":[\n {\"id\":\"x\",\"vector\":[1]}]}", "value x is not a valid point ID, valid values are either an unsigned integer or a UUID at line 2 column 8 (points[0].id)"),
        Refusal("upsert", #"{"points":[{"id":-1,"vector":[1]}]}"#, "value -1 is not a valid point ID, valid values are either an unsigned integer or a UUID"),
        Refusal("upsert", #"{"points":[{"id":1.0,"vector":[1]}]}"#, "value 1.0 is not a valid point ID"),
        Refusal("upsert", #"{"points":[{"id":"7","vector":[1]}]}"#, "value 7 is not a valid point ID"),
        Refusal("upsert", #"{"points":[{"id":1,"id":2,"vector":[1]}]}"#, "duplicate field `id`"),
        Refusal("upsert", #"{"points":[{"id":1,"vector":[1,null]}]}"#, "invalid type: null, expected f32 at line 1 column 32 (points[0].vector[1])"),
        Refusal("upsert", #"{"points":[{"id":1,"vector":["1"]}]}"#, #"invalid type: string "1", expected f32"#),
        Refusal("upsert", #"{"points":[{"id":1,"vector":[1,1e39]}]}"#, "number out of range for a 32-bit float at line 1 column 32 (points[0].vector[1])"),
        Refusal("upsert", #"{"points":[{"id":1,"vector":5}]}"#, "data did not match any variant of untagged enum VectorStruct"),
        Refusal("upsert", #"{"points":[{"id":1,"vector":{"a":5}}]}"#, "data did not match any variant of untagged enum VectorStruct"),
        Refusal("upsert", #"{"points":[{"id":1,"vector":[1],"payload":[]}]}"#, "invalid type: sequence, expected a map at line 1 column 43 (points[0].payload)"),
        Refusal("upsert", #"{"points":[{"id":1,"vector":[1]}],"update_mode":"x"}"#, "unknown variant `x`, expected one of `upsert`, `insert_only`, `update_only`"),
        Refusal("upsert", #"{"batch":{"ids":[1,-2],"vectors":[]}}"#, "value -2 is not a valid point ID, valid values are either an unsigned integer or a UUID at line 1 column 20 (batch.ids[1])"),
        Refusal("upsert", #"{"batch":{"ids":[1],"vectors":[1]}}"#, "data did not match any variant of untagged enum BatchVectorStruct"),
        Refusal("setPayload", #"{"payload":{}}"#, "Either list of point ids or filter must be provided at line 1 column 1"),
        Refusal("setPayload", #"{"points":[1]}"#, "missing field `payload`"),
        Refusal("setPayload", #"{"payload":null,"points":[1]}"#, "invalid type: null, expected a map"),
        Refusal("setPayload", #"{"payload":{},"points":[1],"key":"a..b"}"#, "Invalid json path: 'a..b' at line 1 column 34 (key)"),
        Refusal("deletePoints", "{}", "data did not match any variant of untagged enum PointsSelector at line 1 column 1"),
        Refusal("clearPayload", "5", "data did not match any variant of untagged enum PointsSelector"),
        Refusal("deletePayload", #"{"points":[1]}"#, "missing field `keys`"),
        Refusal("batchUpdate", #"{"operations":[{"x":{}}]}"#, "data did not match any variant of untagged enum UpdateOperation at line 1 column 16 (operations[0])"),
        Refusal("retrieve", "{}", "missing field `ids`"),
        Refusal("retrieve", #"{"ids":5}"#, "invalid type: integer `5`, expected a sequence at line 1 column 8 (ids)"),
        Refusal("retrieve", #"{"ids":[1,2.5]}"#, "value 2.5 is not a valid point ID"),
        Refusal("scroll", #"{"limit":-1}"#, "invalid value: integer `-1`, expected usize at line 1 column 10 (limit)"),
        Refusal("scroll", #"{"limit":1.5}"#, "invalid type: floating point `1.5`, expected usize"),
        Refusal("scroll", #"{"limit":"5"}"#, #"invalid type: string "5", expected usize"#),
        Refusal("scroll", #"{"limit":1,"limit":2}"#, "duplicate field `limit`"),
        Refusal("scroll", #"{"offset":"x"}"#, "value x is not a valid point ID"),
        Refusal("scroll", #"{"order_by":5}"#, "data did not match any variant of untagged enum OrderByInterface"),
        Refusal("scroll", #"{"order_by":{"key":"a","direction":"up"}}"#, "unknown variant `up`, expected `asc`, `desc`"),
        Refusal("scroll", #"{"order_by":{"key":"a","start_from":"soon"}}"#, "'soon' does not match accepted datetime format (RFC3339)"),
        Refusal("count", #"{"exact":1}"#, "invalid type: integer `1`, expected a boolean"),
        Refusal("count", #"{"filter":{"musst":[]}}"#, "unknown field `musst`, expected one of `should`, `min_should`, `must`, `must_not` at line 1 column 20 (filter.musst)"),
        Refusal("count", #"{"filter":{"must":[{"keys":"a"}]}}"#, "data did not match any variant of untagged enum Condition at line 1 column 20 (filter.must[0])"),
        Refusal("count", #"{"filter":{"must":[5]}}"#, "data did not match any variant of untagged enum Condition"),
        Refusal("count", #"{"filter":{"must":"a"}}"#, #"invalid type: string "a", expected a sequence of conditions"#),
        Refusal("count", #"{"filter":[]}"#, "invalid type: sequence, expected struct Filter"),
        Refusal("count", #"{"filter":{"must":{"key":"a","match":{"value":1.5}}}}"#, "data did not match any variant of untagged enum ValueVariants"),
        Refusal("count", #"{"filter":{"must":{"key":"a","match":{"value":9223372036854775808}}}}"#, "data did not match any variant of untagged enum ValueVariants"),
        Refusal("count", #"{"filter":{"must":{"key":"a","match":{}}}}"#, "data did not match any variant of untagged enum MatchInterface"),
        Refusal("count", #"{"filter":{"must":{"key":"a","match":{"any":[1,"a"]}}}}"#, "data did not match any variant of untagged enum AnyVariants"),
        Refusal("count", #"{"filter":{"must":{"key":"a","match":{"any":[1.5]}}}}"#, "data did not match any variant of untagged enum AnyVariants"),
        Refusal("count", #"{"filter":{"must":{"key":"a","range":{"gt":1,"lt":"2024-01-01"}}}}"#, "data did not match any variant of untagged enum RangeInterface"),
        Refusal("count", #"{"filter":{"must":{"key":"a","range":{"gt":"2024-13-01"}}}}"#, "'2024-13-01' does not match accepted datetime format (RFC3339)"),
        Refusal("count", #"{"filter":{"must":{"key":"a","values_count":{"gt":-1}}}}"#, "invalid value: integer `-1`, expected usize"),
        Refusal("count", #"{"filter":{"must":{"key":"a.[","match":{"value":1}}}}"#, "Invalid json path: 'a.['"),
        Refusal("count", #"{"filter":{"must":{"nested":{"key":"a"}}}}"#, "missing field `filter`"),
        Refusal("query", #"{"query":true}"#, "data did not match any variant of untagged enum QueryInterface at line 1 column 10 (query)"),
        Refusal("query", #"{"query":{"near":1}}"#, "data did not match any variant of untagged enum QueryInterface"),
        Refusal("query", #"{"query":-5}"#, "value -5 is not a valid point ID"),
        Refusal("query", #"{"query":{"recommend":{"strategy":"x","positive":[1]}}}"#, "unknown variant `x`, expected one of `average_vector`, `best_score`, `sum_scores`"),
        Refusal("query", #"{"with_payload":{"include":["a"],"exclude":["b"]}}"#, "data did not match any variant of untagged enum WithPayloadInterface"),
        Refusal("query", #"{"with_payload":{"includes":["a"]}}"#, "data did not match any variant of untagged enum WithPayloadInterface"),
        Refusal("query", #"{"with_vector":5}"#, "data did not match any variant of untagged enum WithVector"),
        Refusal("query", #"{"with_vector":true,"with_vectors":true}"#, "duplicate field `with_vector`"),
        Refusal("query", #"{"lookup_from":{}}"#, "missing field `collection`"),
        Refusal("queryBatch", "{}", "missing field `searches`"),
        Refusal("queryGroups", #"{"query":1}"#, "missing field `group_by`"),
        Refusal("queryGroups", #"{"query":1,"group_by":"a","with_lookup":{}}"#, "data did not match any variant of untagged enum WithLookupInterface"),
        Refusal("search", #"{"vector":[1]}"#, "missing field `limit`"),
        Refusal("search", #"{"limit":1}"#, "missing field `vector`"),
        Refusal("search", #"{"vector":5,"limit":1}"#, "data did not match any variant of untagged enum NamedVectorStruct"),
        Refusal("searchGroups", #"{"vector":[1],"limit":1,"group_by":"a"}"#, "missing field `group_size`"),
        Refusal("createCollection", #"{"vectors":{"size":4}}"#, "missing field `distance` at line 1 column 12 (vectors)"),
        Refusal("createCollection", #"{"vectors":{"size":4,"distance":"cosine"}}"#, "unknown variant `cosine`, expected one of `Cosine`, `Euclid`, `Dot`, `Manhattan` at line 1 column 33 (vectors.distance)"),
        Refusal("createCollection", #"{"vectors":[]}"#, "data did not match any variant of untagged enum VectorsConfig"),
        Refusal("createCollection", #"{"metadata":[]}"#, "invalid type: sequence, expected a map"),
        Refusal("createCollection", #"{"vectors":{"size":4,"distance":"Dot","datatype":"float8"}}"#, "unknown variant `float8`"),
        Refusal("aliasActions", #"{"actions":[{}]}"#, "data did not match any variant of untagged enum AliasOperations"),
        Refusal("aliasActions", #"{"actions":[{"delete_alias":{}}]}"#, "missing field `alias_name`"),
        Refusal("createIndex", "{}", "missing field `field_name`"),
        Refusal("createIndex", #"{"field_name":"a","field_schema":"words"}"#, "data did not match any variant of untagged enum PayloadFieldSchema"),
    ])
    func malformedBodiesAreAnsweredWith400(_ refusal: Refusal) throws {
        let error = try fault(refusal.body, decoder(refusal.decoder))
        #expect(error.status == 400)
        #expect(error.message.hasPrefix("Format error in JSON body: \(refusal.text)"), "\(error.message)")
        #expect(error.message.contains(" at line "))
    }

    @Test(arguments: [
        Refusal("upsert", #"{"points":[]}"#, "Empty update request"),
        Refusal("upsert", #"{"batch":{"ids":[],"vectors":[]}}"#, "Empty update request"),
        Refusal("deletePoints", #"{"points":[]}"#, "Empty update request"),
        Refusal("deleteVectors", #"{"vector":["a"]}"#, "No filter or points provided"),
        Refusal("createIndex", #"{"field_name":"a"}"#, "Can't auto-detect field type, please specify `field_schema` in the request"),
        Refusal("query", #"{"prefetch":[{"query":[1]}]}"#, "A query is needed to merge the prefetches. Can't have prefetches without defining a query."),
        Refusal("query", #"{"score_threshold":10}"#, "A query is needed to use the score_threshold. Can't have score_threshold without defining a query."),
        Refusal("query", #"{"score_threshold":10,"query":{"order_by":"price"}}"#, "Can't use score_threshold with an order_by query."),
    ])
    func requestsWithoutSenseAreBadRequests(_ refusal: Refusal) throws {
        #expect(
            try fault(refusal.body, decoder(refusal.decoder))
                == WireError(status: 400, message: "Bad request: \(refusal.text)"))
    }
}
