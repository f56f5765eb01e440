import QuiverModel
import QuiverWire
import Testing

@Suite struct ResponseTests {
    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    private func result(_ bytes: [UInt8]) -> String {
        let whole = text(bytes)
        let (head, tail) = (#"{"result":"#, #","status":"ok","time":0.25}"#)
        #expect(whole.hasPrefix(head) && whole.hasSuffix(tail), "\(whole)")
        return String(whole.dropFirst(head.count).dropLast(tail.count))
    }

    private let uuid = PointID.uuid(PointUUID(high: 0x936d_a01f_9abd_4d9d, low: 0x80c7_02af_85c8_22a8))

    @Test func writesEnvelopes() {
        #expect(text(ResponseEncoder.flag(true, seconds: 0.5)) == #"{"result":true,"status":"ok","time":0.5}"#)
        #expect(
            text(ResponseEncoder.error("Not found: \"x\"\n", seconds: 0))
                == #"{"status":{"error":"Not found: \"x\"\n"},"time":0.0}"#)
        #expect(result(ResponseEncoder.result(raw: #"{"status":"disabled"}"#, seconds: 0.25)) == #"{"status":"disabled"}"#)
        #expect(
            text(ResponseEncoder.root(title: "t", version: "1.19.0", commit: "c"))
                == #"{"title":"t","version":"1.19.0","commit":"c"}"#)
    }

    @Test func writesCollectionsAndAliases() {
        #expect(result(ResponseEncoder.exists(false, seconds: 0.25)) == #"{"exists":false}"#)
        #expect(
            result(ResponseEncoder.collections(["a", "b\""], seconds: 0.25))
                == #"{"collections":[{"name":"a"},{"name":"b\""}]}"#)
        #expect(
            result(ResponseEncoder.aliases([(alias: "a", collection: "c")], seconds: 0.25))
                == #"{"aliases":[{"alias_name":"a","collection_name":"c"}]}"#)
    }

    @Test(arguments: [
        (UpdateStatus.acknowledged, "acknowledged"), (.completed, "completed"), (.waitTimeout, "wait_timeout"),
    ])
    func writesUpdateResults(_ status: UpdateStatus, _ name: String) {
        let update = UpdateResult(operationID: 7, status: status)
        let one = #"{"operation_id":7,"status":"\#(name)"}"#
        #expect(result(ResponseEncoder.update(update, seconds: 0.25)) == one)
        #expect(result(ResponseEncoder.batchUpdate(update, count: 2, seconds: 0.25)) == "[\(one),\(one)]")
        #expect(result(ResponseEncoder.batchUpdate(update, count: 0, seconds: 0.25)) == "[]")
        #expect(ClientCoder.updateStatus(ResponseEncoder.update(update, seconds: 1)) == status)
    }

    @Test func writesRecords() {
        let payload = Payload(validated: Array(#"{"b":1.0,"a":"\u00e9"}"#.utf8))
        #expect(
            result(
                ResponseEncoder.records(
                    [
                        Record(id: 1), Record(id: uuid, payload: payload, vectors: .unnamed([0.1, 1, -2.5e-9])),
                        Record(id: 2, vectors: .named(["b": [1], "a": [2, 3]]), orderValue: .integer(-4)),
                        Record(id: 3, vectors: PointVectors.none, orderValue: .float(1.5)),
                    ], seconds: 0.25))
                == #"[{"id":1},{"id":"936da01f-9abd-4d9d-80c7-02af85c822a8","payload":{"b":1.0,"a":"\u00e9"},"vector":[0.1,1.0,-2.5e-9]},{"id":2,"vector":{"a":[2.0,3.0],"b":[1.0]},"order_value":-4},{"id":3,"vector":{},"order_value":1.5}]"#)
        #expect(result(ResponseEncoder.record(Record(id: 1), seconds: 0.25)) == #"{"id":1}"#)
        #expect(result(ResponseEncoder.count(3, seconds: 0.25)) == #"{"count":3}"#)
    }

    @Test func writesPages() {
        #expect(
            result(ResponseEncoder.scroll(ScrollPage(records: [Record(id: 1)], nextOffset: uuid), seconds: 0.25))
                == #"{"points":[{"id":1}],"next_page_offset":"936da01f-9abd-4d9d-80c7-02af85c822a8"}"#)
        #expect(
            result(ResponseEncoder.scroll(ScrollPage(records: [], nextOffset: nil), seconds: 0.25))
                == #"{"points":[],"next_page_offset":null}"#)
    }

    @Test func writesHitsInEveryForm() {
        let hit = ScoredPoint(id: 1, version: 5, score: 0.1, payload: .empty)
        let one = #"{"id":1,"version":5,"score":0.1,"payload":{}}"#
        #expect(result(ResponseEncoder.query([hit], seconds: 0.25)) == #"{"points":[\#(one)]}"#)
        #expect(
            result(ResponseEncoder.queryBatch([[hit], []], seconds: 0.25)) == #"[{"points":[\#(one)]},{"points":[]}]"#)
        #expect(result(ResponseEncoder.search([hit], seconds: 0.25)) == "[\(one)]")
        #expect(result(ResponseEncoder.searchBatch([[hit], []], seconds: 0.25)) == "[[\(one)],[]]")
        let groups = [
            PointGroup(id: .string("a"), hits: [hit], lookup: Record(id: 9)), PointGroup(id: .integer(-1), hits: []),
            PointGroup(id: .unsigned(.max), hits: []),
        ]
        #expect(
            result(ResponseEncoder.groups(groups, seconds: 0.25))
                == #"{"groups":[{"id":"a","hits":[\#(one)],"lookup":{"id":9}},{"id":-1,"hits":[]},{"id":18446744073709551615,"hits":[]}]}"#)
    }

    private func info(_ config: CollectionConfig, _ schema: [String: PayloadIndexInfo] = [:]) -> CollectionInfo {
        CollectionInfo(
            status: .green, optimizerError: nil, pointsCount: 3, indexedVectorsCount: 2, segmentsCount: 1,
            config: config, payloadSchema: schema, updateQueueLength: 0)
    }

    @Test func collectionInfoEchoesWhatWasSent() throws {
        let config = try decode(#"{"vectors":{"size":4,"distance":"Cosine"}}"#, createCollection)
        #expect(
            result(ResponseEncoder.collectionInfo(info(config), seconds: 0.25))
                == #"{"status":"green","optimizer_status":"ok","indexed_vectors_count":2,"points_count":3,"segments_count":1,"config":{"params":{"vectors":{"size":4,"distance":"Cosine"},"shard_number":1,"replication_factor":1,"write_consistency_factor":1,"on_disk_payload":true},"hnsw_config":{"m":16,"ef_construct":100,"full_scan_threshold":10000,"max_indexing_threads":0,"on_disk":false},"optimizer_config":{"deleted_threshold":0.2,"vacuum_min_vector_number":1000,"default_segment_number":0,"max_segment_size":null,"memmap_threshold":null,"indexing_threshold":10000,"flush_interval_sec":5,"max_optimization_threads":null},"wal_config":{"wal_capacity_mb":32,"wal_segments_ahead":0,"wal_retain_closed":1},"quantization_config":null},"payload_schema":{},"update_queue":{"length":0}}"#)
    }

    @Test(arguments: [
        #"{"a":{"size":4,"distance":"Dot","hnsw_config":{"m":8,"ef_construct":9,"full_scan_threshold":10,"max_indexing_threads":1,"on_disk":true,"payload_m":2},"on_disk":true,"datatype":"float32"},"b":{"size":1,"distance":"Euclid"}}"#,
        #"{"size":2,"distance":"Manhattan","hnsw_config":{}}"#,
    ])
    func vectorsComeBackAsTheyWereSent(_ vectors: String) throws {
        let config = try decode(#"{"vectors":\#(vectors)}"#, createCollection)
        #expect(result(ResponseEncoder.collectionInfo(info(config), seconds: 0.25)).contains(#""vectors":\#(vectors),"#))
        let written = ClientCoder.createCollection(try #require(config.vectors))
        #expect(try decode(written, createCollection) == config)
    }

    @Test func collectionInfoTellsIndexesErrorsAndMetadata() throws {
        var config = CollectionConfig()
        config.metadata = #"{"k":[1.0]}"#
        var params = PayloadIndexParams(type: .integer, givenAsObject: true)
        params.lookup = true
        params.onDisk = false
        var red = info(
            config,
            [
                "n": PayloadIndexInfo(params: params, points: 5),
                "a.b": PayloadIndexInfo(params: PayloadIndexParams(type: .keyword), points: 0),
            ])
        red.status = .red
        red.optimizerError = "disk"
        let written = result(ResponseEncoder.collectionInfo(red, seconds: 0.25))
        #expect(written.contains(#""status":"red","optimizer_status":{"error":"disk"}"#))
        #expect(written.contains(#""params":{"shard_number":1"#))
        #expect(written.contains(#""quantization_config":null,"metadata":{"k":[1.0]}}"#))
        #expect(
            written.contains(
                #""payload_schema":{"a.b":{"data_type":"keyword","points":0},"n":{"data_type":"integer","params":{"type":"integer","lookup":true,"on_disk":false},"points":5}}"#
            ))
    }

    @Test func clientsReadErrors() {
        #expect(ClientCoder.errorText(ResponseEncoder.error("Wrong input: x", seconds: 0)) == "Wrong input: x")
        #expect(ClientCoder.errorText(ResponseEncoder.flag(true, seconds: 0)) == nil)
        #expect(ClientCoder.errorText(Array("Bad Gateway".utf8)) == nil)
        #expect(ClientCoder.updateStatus(ResponseEncoder.flag(true, seconds: 0)) == nil)
    }

    @Test func floatsReadBackAsTheSameFloats() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        let vector = (0..<2000).map { _ in Float(bitPattern: UInt32(truncatingIfNeeded: generator.next())) }
            .filter(\.isFinite)
        let written = result(ResponseEncoder.record(Record(id: 1, vectors: .unnamed(.dense(vector))), seconds: 0.25))
        let read = try decode(#"{"points":[\#(written)]}"#, RequestDecoder.upsert).first?.upserted
        #expect(read?.components.map(\.bitPattern) == vector.map(\.bitPattern), "seed \(seed)")
    }

    @Test func writesFacetsAndMatrices() {
        let hits = [
            FacetHit(value: .string("a\"b"), count: 3), FacetHit(value: .integer(-1), count: 2), FacetHit(value: .bool(true), count: 1),
        ]
        #expect(
            result(ResponseEncoder.facet(hits, seconds: 0.25))
                == #"{"hits":[{"value":"a\"b","count":3},{"value":-1,"count":2},{"value":true,"count":1}]}"#)
        #expect(result(ResponseEncoder.facet([], seconds: 0.25)) == #"{"hits":[]}"#)
        let matrix = DistanceMatrix(
            ids: [1, 7, uuid],
            neighbours: [
                [.init(place: 2, score: 0.5), .init(place: 1, score: 0.25)], [], [.init(place: 0, score: 0.5)],
            ])
        #expect(
            result(ResponseEncoder.matrixPairs(matrix, seconds: 0.25))
                == #"{"pairs":[{"a":1,"b":"936da01f-9abd-4d9d-80c7-02af85c822a8","score":0.5},{"a":1,"b":7,"score":0.25},{"a":"936da01f-9abd-4d9d-80c7-02af85c822a8","b":1,"score":0.5}]}"#)
        #expect(
            result(ResponseEncoder.matrixOffsets(matrix, seconds: 0.25))
                == #"{"offsets_row":[0,0,2],"offsets_col":[2,1,0],"scores":[0.5,0.25,0.5],"ids":[1,7,"936da01f-9abd-4d9d-80c7-02af85c822a8"]}"#)
        let nothing = DistanceMatrix(ids: [], neighbours: [])
        #expect(result(ResponseEncoder.matrixPairs(nothing, seconds: 0.25)) == #"{"pairs":[]}"#)
        #expect(
            result(ResponseEncoder.matrixOffsets(nothing, seconds: 0.25))
                == #"{"offsets_row":[],"offsets_col":[],"scores":[],"ids":[]}"#)
    }
}
