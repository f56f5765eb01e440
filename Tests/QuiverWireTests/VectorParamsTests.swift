import QuiverModel
import QuiverWire
import Testing

/// What a collection can be told about its vectors, and that it tells it back in the same words.
@Suite struct VectorParamsTests {
    private func echo(_ config: CollectionConfig) -> String {
        let info = CollectionInfo(
            status: .green, optimizerError: nil, pointsCount: 0, indexedVectorsCount: 0, segmentsCount: 1,
            config: config, payloadSchema: [:], updateQueueLength: 0)
        return String(decoding: ResponseEncoder.collectionInfo(info, seconds: 0), as: UTF8.self)
    }

    private static let quantizations: [(String, QuantizationConfig)] = [
        (#"{"scalar":{"type":"int8"}}"#, .scalar(ScalarQuantization())),
        (
            #"{"scalar":{"type":"int8","quantile":0.99,"always_ram":true,"memory":"pinned"}}"#,
            .scalar(ScalarQuantization(quantile: 0.99, alwaysRAM: true, memory: .pinned))
        ),
        (#"{"scalar":{"type":"int8","quantile":0.5}}"#, .scalar(ScalarQuantization(quantile: 0.5))),
        (#"{"scalar":{"type":"int8","quantile":1.0}}"#, .scalar(ScalarQuantization(quantile: 1))),
        (#"{"product":{"compression":"x4"}}"#, .product(ProductQuantization(compression: .x4))),
        (
            #"{"product":{"compression":"x64","always_ram":false,"memory":"cold"}}"#,
            .product(ProductQuantization(compression: .x64, alwaysRAM: false, memory: .cold))
        ),
        (#"{"binary":{}}"#, .binary(BinaryQuantization())),
        (
            #"{"binary":{"always_ram":true,"memory":"cached","encoding":"one_and_half_bits","query_encoding":"scalar8bits"}}"#,
            .binary(
                BinaryQuantization(
                    encoding: .oneAndHalfBits, queryEncoding: .scalar8Bits, alwaysRAM: true, memory: .cached))
        ),
        (
            #"{"binary":{"encoding":"two_bits","query_encoding":"default"}}"#,
            .binary(BinaryQuantization(encoding: .twoBits, queryEncoding: .default))
        ),
        (#"{"turbo":{}}"#, .turbo(TurboQuantization())),
        (#"{"turbo":{"always_ram":true,"bits":"bits1_5"}}"#, .turbo(TurboQuantization(bits: .bits1And5, alwaysRAM: true))),
        (#"{"turbo":{"memory":"pinned","bits":"bits4"}}"#, .turbo(TurboQuantization(bits: .bits4, memory: .pinned))),
    ]

    @Test(arguments: quantizations)
    func quantizationIsReadAndEchoed(_ text: String, _ expected: QuantizationConfig) throws {
        for key in ["quantization_config", "quantization"] {
            let config = try decode(
                #"{"\#(key)":\#(text),"vectors":{"size":4,"distance":"Dot","\#(key)":\#(text)}}"#, createCollection)
            #expect(config.quantization == expected)
            #expect(config.vectors?.byName[""]?.quantization == expected)
            #expect(
                echo(config).contains(
                    #""vectors":{"size":4,"distance":"Dot","quantization_config":\#(text)},"shard_number""#))
            #expect(echo(config).contains(#"},"quantization_config":\#(text)},"payload_schema""#))
            let patch = try decode(
                #"{"\#(key)":\#(text),"vectors":{"a":{"\#(key)":\#(text)}}}"#, RequestDecoder.updateCollection)
            #expect(patch.quantization == .replaced(expected))
            #expect(patch.vectors["a"]?.quantization == .replaced(expected))
        }
    }

    @Test func quantizationIsRemovedByName() throws {
        let patch = try decode(
            #"{"quantization_config":"Disabled","vectors":{"":{"quantization_config":"Disabled"},"b":{"quantization_config":null}}}"#,
            RequestDecoder.updateCollection)
        #expect(patch.quantization == .disabled && patch.vectors[""]?.quantization == .disabled)
        #expect(try #require(patch.vectors["b"]).quantization == nil)
        #expect(try decode("{}", RequestDecoder.updateCollection).quantization == nil)
    }

    /// In the order in which they are echoed.
    @Test(arguments: [
        #"{"size":4,"distance":"Cosine","datatype":"float32"}"#,
        #"{"size":4,"distance":"Cosine","datatype":"float16"}"#,
        #"{"size":4,"distance":"Cosine","datatype":"uint8"}"#,
        #"{"size":4,"distance":"Cosine","datatype":"turbo4"}"#,
        #"{"size":4,"distance":"Dot","memory":"cold"}"#,
        #"{"size":4,"distance":"Dot","on_disk":false,"memory":"cached"}"#,
        #"{"size":128,"distance":"Cosine","multivector_config":{"comparator":"max_sim"}}"#,
        #"{"size":4,"distance":"Dot","hnsw_config":{"m":0,"memory":"pinned","payload_m":16},"quantization_config":{"binary":{}},"on_disk":true,"memory":"cold","datatype":"float16","multivector_config":{"comparator":"max_sim"}}"#,
    ])
    func parametersOfVectorsAreEchoed(_ params: String) throws {
        for vectors in [params, #"{"a":\#(params),"b":\#(params)}"#] {
            let config = try decode(#"{"vectors":\#(vectors)}"#, createCollection)
            #expect(echo(config).contains(#""params":{"vectors":\#(vectors),"shard_number""#), "\(echo(config))")
            #expect(try decode(ClientCoder.createCollection(#require(config.vectors)), createCollection) == config)
        }
    }

    @Test func readsParametersOfVectors() throws {
        let params = try #require(
            try decode(
                #"{"vectors":{"size":3,"distance":"Dot","memory":"cached","datatype":"uint8","multivector_config":{"comparator":"max_sim"}}}"#,
                createCollection
            ).vectors?.byName[""])
        #expect(
            params
                == VectorParams(
                    size: 3, distance: .dot, memory: .cached, datatype: .uint8, multivector: MultivectorConfig()))
    }

    @Test(arguments: [
        "{}", #"{"s":{}}"#, #"{"s":{"index":{}}}"#, #"{"s":{"modifier":"none"}}"#,
        #"{"a":{"index":{"full_scan_threshold":0,"on_disk":true,"memory":"pinned","datatype":"float16"},"modifier":"idf"},"b":{"index":{"datatype":"uint8"}},"c":{"index":{"datatype":"float32"}}}"#,
    ])
    func sparseVectorsAreEchoed(_ sparse: String) throws {
        let config = try decode(#"{"sparse_vectors":\#(sparse)}"#, createCollection)
        #expect(echo(config).contains(#""on_disk_payload":true,"sparse_vectors":\#(sparse)},"hnsw_config""#))
        let patch = try decode(#"{"sparse_vectors":\#(sparse)}"#, RequestDecoder.updateCollection)
        #expect(patch.sparseVectors == config.sparseVectors)
    }

    @Test func readsParametersOfSparseVectors() throws {
        let config = try decode(
            #"{"vectors":{"size":1,"distance":"Dot"},"sparse_vectors":{"s":{"index":{"full_scan_threshold":7,"on_disk":false,"memory":"cold","datatype":"uint8"},"modifier":"idf"},"size":{"index":null,"modifier":null}}}"#,
            createCollection)
        #expect(
            config.sparseVectors == [
                "s": SparseVectorParams(
                    index: SparseIndexParams(fullScanThreshold: 7, onDisk: false, memory: .cold, datatype: .uint8),
                    modifier: .idf),
                "size": SparseVectorParams(),
            ])
        #expect(try decode(#"{"sparse_vectors":null}"#, createCollection).sparseVectors == nil)
    }

    @Test func placementsAreReadAndEchoed() throws {
        let config = try decode(
            #"{"hnsw_config":{"memory":"pinned"},"payload":{"memory":"cached"},"optimizer_config":{"indexing_threshold":1}}"#,
            createCollection)
        #expect(config.hnsw.memory == .pinned && config.payloadMemory == .cached && config.optimizers.indexingThreshold == 1)
        #expect(echo(config).contains(#""on_disk_payload":true,"payload":{"memory":"cached"}}"#))
        #expect(echo(config).contains(#""on_disk":false,"memory":"pinned"}"#))
        let patch = try decode(
            #"{"hnsw_config":{"memory":"cold"},"params":{"payload":{"memory":"cold"}},"vectors":{"":{"memory":"cached","hnsw_config":{}}}}"#,
            RequestDecoder.updateCollection)
        #expect(patch.hnsw?.memory == .cold && patch.payloadMemory == .cold && patch.vectors[""]?.memory == .cached)
        #expect(patch.vectors[""]?.hnswConfig == HNSWConfigPatch())
    }

    @Test func defaultsOfTheServerStayWhereNothingIsSaid() throws {
        var defaults = CollectionConfig()
        defaults.quantization = .turbo(TurboQuantization(bits: .bits2))
        defaults.payloadMemory = .cached
        let config = try decode("{}") { (body) throws(WireError) in
            try RequestDecoder.createCollection(body, defaults: defaults)
        }
        #expect(config == defaults)
    }
}
