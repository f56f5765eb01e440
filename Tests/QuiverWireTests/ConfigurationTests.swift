import Foundation
import QuiverModel
import QuiverWire
import Testing

/// Options of indexes, of strict mode, and of vector names; and their echo.
@Suite struct ConfigurationTests {
    private func index(_ schema: String) throws -> PayloadIndexParams {
        try decode(#"{"field_name":"a","field_schema":\#(schema)}"#, RequestDecoder.createIndex).params
    }

    private func object(_ text: String, at path: [String]) throws -> [String: Any] {
        var object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        for key in path { object = try #require(object[key] as? [String: Any]) }
        return object
    }

    @Test func readsEveryTypeOfIndex() throws {
        for type in PayloadIndexType.allCases {
            #expect(try index(#""\#(type.rawValue)""#) == PayloadIndexParams(type: type))
            var params = PayloadIndexParams(type: type, givenAsObject: true)
            params.memory = .pinned
            params.onDisk = true
            params.enableHNSW = false
            if type == .text { params.text = TextOptions() }
            #expect(try index(#"{"type":"\#(type.rawValue)","memory":"pinned","on_disk":true,"enable_hnsw":false}"#) == params)
        }
    }

    /// What is read and what `GET /collections/{name}` tells of it.
    @Test(arguments: [
        #"{"type":"keyword","is_tenant":true,"on_disk":false,"memory":"cold","enable_hnsw":true,"prefix":true}"#,
        #"{"type":"integer","lookup":true,"range":false,"is_principal":true}"#,
        #"{"type":"float","is_principal":false}"#, #"{"type":"geo","memory":"cached"}"#, #"{"type":"uuid","is_tenant":false}"#,
        #"{"type":"text","tokenizer":"multilingual","min_token_len":2,"max_token_len":20,"lowercase":false,"ascii_folding":true,"phrase_matching":true,"stopwords":"german","stemmer":{"type":"snowball","language":"german"}}"#,
        #"{"type":"text","tokenizer":"prefix","stopwords":{"languages":["english","french"],"custom":["x"]},"stemmer":{"type":"none"}}"#,
        #"{"type":"text","tokenizer":"word","stopwords":{}}"#,
    ])
    func echoesOptionsAsGiven(_ schema: String) throws {
        let info = CollectionInfo(
            status: .green, optimizerError: nil, pointsCount: 0, indexedVectorsCount: 0, segmentsCount: 0,
            config: CollectionConfig(), payloadSchema: ["f": PayloadIndexInfo(params: try index(schema), points: 3)],
            updateQueueLength: 0)
        let text = String(decoding: ResponseEncoder.collectionInfo(info, seconds: 0), as: UTF8.self)
        let members = try object(text, at: ["result", "payload_schema", "f", "params"])
        let expected = try object(schema, at: [])
        #expect(NSDictionary(dictionary: members) == NSDictionary(dictionary: expected))
    }

    @Test(arguments: [
        #"{"type":"text","tokenizer":"words"}"#, #"{"type":"text","stopwords":"klingon"}"#, #"{"type":"text","stopwords":{"languages":["klingon"]}}"#,
        #"{"type":"text","stemmer":{"type":"snowball"}}"#, #"{"type":"text","stemmer":{"type":"snowball","language":"klingon"}}"#,
        #"{"type":"text","stemmer":"english"}"#, #"{"type":"text","min_token_len":-1}"#, #"{"type":"geo","memory":"hot"}"#,
        #"{"type":"words"}"#, "{}", "1", #"{"type":1}"#,
    ])
    func refusesWrongOptions(_ schema: String) {
        let error = fault(#"{"field_name":"a","field_schema":\#(schema)}"#, RequestDecoder.createIndex)
        #expect(error.status == 400 && error.message.hasPrefix("Format error in JSON body: "), "\(error)")
    }

    @Test func strictModeIsReadAndEchoed() throws {
        let text =
            #"{"enabled":true,"max_query_limit":1,"max_timeout":2,"unindexed_filtering_retrieve":false,"unindexed_filtering_update":true,"search_max_hnsw_ef":0,"search_allow_exact":false,"search_max_oversampling":1.5,"upsert_max_batchsize":3,"search_max_batchsize":4,"max_collection_vector_size_bytes":5,"read_rate_limit":6,"write_rate_limit":7,"max_collection_payload_size_bytes":8,"max_points_count":9,"filter_max_conditions":10,"condition_max_size":11,"multivector_config":{"m":{"max_vectors":12}},"sparse_config":{"s":{"max_length":13},"t":{}},"max_payload_index_count":14,"max_resident_memory_percent":15}"#
        let config = try decode(#"{"strict_mode_config":\#(text)}"#, createCollection)
        let info = CollectionInfo(
            status: .green, optimizerError: nil, pointsCount: 0, indexedVectorsCount: 0, segmentsCount: 0, config: config,
            payloadSchema: [:], updateQueueLength: 0)
        let answer = String(decoding: ResponseEncoder.collectionInfo(info, seconds: 0), as: UTF8.self)
        #expect(answer.contains(#""strict_mode_config":\#(text)"#), "\(answer)")
        #expect(try decode(#"{"strict_mode_config":\#(text)}"#, RequestDecoder.updateCollection).strictMode == config.strictMode)
        #expect(try decode("{}", RequestDecoder.updateCollection).strictMode == nil)
        let error = fault(#"{"strict_mode_config":{"max_resident_memory_percent":300}}"#, createCollection)
        #expect(error.message.hasPrefix("Format error in JSON body: invalid value: integer `300`, expected u8"))
    }

    @Test func readsNewVectorNames() throws {
        func read(_ text: String, _ name: String = "v") throws(WireError) -> VectorNameConfig {
            try decode(text) { (body) throws(WireError) in try RequestDecoder.createVectorName(body, name: name) }
        }
        guard
            case .dense(let dense) = try read(
                #"{"dense":{"size":3,"distance":"Euclid","datatype":"uint8","multivector_config":{"comparator":"max_sim"},"on_disk":true}}"#)
        else {
            Issue.record("another kind")
            return
        }
        // `on_disk` is unknown here.
        #expect(dense == VectorParams(size: 3, distance: .euclid, datatype: .uint8, multivector: MultivectorConfig()))
        guard case .sparse(let sparse) = try read(#"{"sparse":{"modifier":"idf","datatype":"float16"}}"#) else {
            Issue.record("another kind")
            return
        }
        #expect(sparse == SparseVectorParams(index: SparseIndexParams(datatype: .float16), modifier: .idf))
        guard case .sparse(SparseVectorParams()) = try read(#"{"sparse":{}}"#) else {
            Issue.record("another kind")
            return
        }
        for body in ["{}", "[]", #"{"other":{}}"#, #"{"dense":{"size":1}}"#, #"{"dense":1}"#] {
            let error = fault(body) { (body) throws(WireError) in try RequestDecoder.createVectorName(body, name: "v") }
            #expect(error.status == 400 && error.message.hasPrefix("Format error in JSON body: "), "\(error)")
        }
        let slash = fault(#"{"dense":{"size":1,"distance":"Dot"}}"#) { (body) throws(WireError) in
            try RequestDecoder.createVectorName(body, name: "a/b")
        }
        #expect(slash == WireError(status: 400, message: #"Wrong input: Invalid dense vector name `a/b`: vector name cannot contain "/" char"#))
        let empty = fault(#"{"sparse":{}}"#) { (body) throws(WireError) in try RequestDecoder.createVectorName(body, name: "") }
        #expect(empty == WireError(status: 400, message: "Wrong input: Sparse vector name cannot be empty"))
    }

    @Test func inlineStorageWithoutEffectIsWarnedOf() throws {
        func warnings(_ body: String) throws -> String {
            let config = try decode(body, createCollection)
            let info = CollectionInfo(
                status: .green, optimizerError: nil, pointsCount: 0, indexedVectorsCount: 0, segmentsCount: 0,
                config: config, payloadSchema: [:], updateQueueLength: 0)
            let text = String(decoding: ResponseEncoder.collectionInfo(info, seconds: 0), as: UTF8.self)
            guard let start = text.range(of: #""warnings":"#), let end = text.range(of: #","indexed_vectors_count""#) else { return "" }
            return String(text[start.upperBound..<end.lowerBound])
        }
        #expect(
            try warnings(#"{"vectors":{"size":1,"distance":"Dot"},"hnsw_config":{"inline_storage":true}}"#)
                == #"[{"message":"The `hnsw_config.inline_storage` option for vector '' requires quantization to be enabled. This option will be ignored."}]"#)
        #expect(
            try warnings(
                #"{"vectors":{"b":{"size":1,"distance":"Dot","multivector_config":{"comparator":"max_sim"}},"a":{"size":1,"distance":"Dot","hnsw_config":{"inline_storage":false}}},"quantization_config":{"binary":{}},"hnsw_config":{"inline_storage":true}}"#)
                == #"[{"message":"The `hnsw_config.inline_storage` option for vector 'b' is not compatible with multivectors. This option will be ignored."}]"#)
        #expect(
            try warnings(#"{"vectors":{"size":1,"distance":"Dot"},"quantization_config":{"binary":{}},"hnsw_config":{"inline_storage":true}}"#).isEmpty)
        #expect(try warnings(#"{"vectors":{"size":1,"distance":"Dot"}}"#).isEmpty)
    }
}
