import QuiverModel
import QuiverWire
import Testing

@Suite struct UpsertTests {
    @Test func readsAListOfPoints() throws {
        let operations = try decode(
            #"""
            {"points": [
              {"id": 1, "vector": [0.5, -1, 2e-3], "payload": {"a" : 1.0, "b":"x y", "a":[1, 2]}},
              {"payload": null, "vector": {"text": [1, 2], "image": [3]}, "id": "936DA01F-9ABD-4d9d-80c7-02AF85C822A8"},
              {"id": 18446744073709551615, "vector": {}, "future": true}
            ]}
            """#, RequestDecoder.upsert)
        let batch = try #require(operations.first?.upserted)
        #expect(operations.count == 1)
        #expect(batch.entries.map(\.id.description) == ["1", "936da01f-9abd-4d9d-80c7-02af85c822a8", "18446744073709551615"])
        #expect(batch.vectors(of: 0) == ["": [0.5, -1, 0.002]])
        #expect(batch.vectors(of: 1) == ["text": [1, 2], "image": [3]])
        #expect(batch.vectors(of: 2).isEmpty)
        #expect(batch.entries[0].payload?.text == #"{"a":[1,2],"b":"x y"}"#)
        #expect(batch.entries[1].payload == nil)
        #expect(batch.components.count == 6)
    }

    /// What lies behind a body that is read in place does not belong to it.
    @Test(arguments: [
        #"{"points":[{"id":1,"vector":[0.5,-1.25]}]}"#, #"{"points":[{"id":1,"vector":[0.5,-1.2"#, "1", "", "[1.5",
        #"{"points":[{"id":1,"vector":[0.5]}]} "#,
    ])
    func readsInPlaceWhatItReadsOtherwise(body: String) {
        for filling in [UInt8(ascii: "7"), 0, UInt8(ascii: "]")] {
            let bytes = Array(body.utf8) + [UInt8](repeating: filling, count: RequestDecoder.paddingByteCount)
            let (inPlace, copied) = bytes.withUnsafeBytes { all in
                let text = UnsafeRawBufferPointer(rebasing: all[..<body.utf8.count])
                return (
                    Result { () throws(WireError) in try RequestDecoder.upsertInPlace(text) },
                    Result { () throws(WireError) in try RequestDecoder.upsert(text) }
                )
            }
            switch (inPlace, copied) {
            case (.success(let inPlace), .success(let copied)):
                #expect(inPlace.first?.upserted?.components == copied.first?.upserted?.components)
            case (.failure(let inPlace), .failure(let copied)): #expect(inPlace.message == copied.message)
            default: Issue.record("\(inPlace) is not \(copied)")
            }
        }
    }

    @Test func readsABatch() throws {
        let batch = try #require(
            try decode(
                #"{"batch":{"ids":[3,"00000000-0000-0000-0000-000000000001"],"vectors":[[1,2],[3.5,4]],"payloads":[null,{"k": {}}]}}"#,
                RequestDecoder.upsert
            ).first?.upserted)
        #expect(batch.entries.map(\.id.description) == ["3", "00000000-0000-0000-0000-000000000001"])
        #expect(batch.vectors(of: 0) == ["": [1, 2]])
        #expect(batch.vectors(of: 1) == ["": [3.5, 4]])
        #expect(batch.entries[0].payload == nil)
        #expect(batch.entries[1].payload?.text == #"{"k":{}}"#)
    }

    @Test func readsABatchWithNamedVectors() throws {
        let batch = try #require(
            try decode(
                #"{"batch":{"ids":[1,2],"vectors":{"a":[[1],[2]],"b":[[3,4],[5,6]]}}}"#, RequestDecoder.upsert
            ).first?.upserted)
        #expect(batch.vectors(of: 0) == ["a": [1], "b": [3, 4]])
        #expect(batch.vectors(of: 1) == ["a": [2], "b": [5, 6]])
    }

    @Test(arguments: ["", #","update_mode":"upsert","update_filter":null,"shard_key":null"#])
    func ignoresWhatIsNull(_ more: String) throws {
        _ = try decode(#"{"points":[{"id":1,"vector":[1]}]\#(more)}"#, RequestDecoder.upsert)
    }

    @Test(arguments: [
        ("936DA01F9ABD4d9d80c702AF85C822A8"), ("{936da01f-9abd-4d9d-80c7-02af85c822a8}"),
        ("urn:uuid:936da01f-9abd-4d9d-80c7-02af85c822a8"), (#"936da01f-9abd-4d9d-80c7-02af85c822a\u0038"#),
    ])
    func readsEveryFormOfUUID(_ text: String) throws {
        let batch = try #require(
            try decode(#"{"points":[{"id":"\#(text)","vector":[1]}]}"#, RequestDecoder.upsert).first?.upserted)
        #expect(batch.entries[0].id.description == "936da01f-9abd-4d9d-80c7-02af85c822a8")
    }

    @Test func readsVectorUpdates() throws {
        let operations = try decode(
            #"{"points":[{"id":1,"vector":{"a":[1,2]}},{"id":2,"vectors":[3],"payload":{"ignored":1}}]}"#,
            RequestDecoder.updateVectors)
        guard case .updateVectors(let batch)? = operations.first else {
            Issue.record("no update of vectors")
            return
        }
        #expect(batch.vectors(of: 0) == ["a": [1, 2]])
        #expect(batch.vectors(of: 1) == ["": [3]])
        #expect(batch.entries[1].payload == nil)
    }

    @Test func theLastOfTwoVectorsWithOneNameCounts() throws {
        let batch = try #require(
            try decode(
                #"{"points":[{"id":1,"vector":{"a":[1,2,3],"b":[4],"a":[5]}},{"id":2,"vector":{"a":[6]}}]}"#,
                RequestDecoder.upsert
            ).first?.upserted)
        #expect(batch.vectors(of: 0) == ["a": [5], "b": [4]])
        #expect(batch.vectors(of: 1) == ["a": [6]])
        #expect(batch.components == [5, 4, 6])
        let columns = try #require(
            try decode(#"{"batch":{"ids":[1],"vectors":{"a":[[1]],"a":[[2]]}}}"#, RequestDecoder.upsert)
                .first?.upserted)
        #expect(columns.vectors(of: 0) == ["a": [2]] && columns.components == [2])
    }

    /// Looking up each name among all the others would take hours.
    @Test func manyNamesAreFoundFast() throws {
        let names = (0..<60_000).map { "\"n\($0)\":[\($0)]" }.joined(separator: ",")
        let batch = try #require(
            try decode("{\"points\":[{\"id\":1,\"vector\":{\(names)}},{\"id\":2,\"vector\":{\(names)}}]}", RequestDecoder.upsert)
                .first?.upserted)
        #expect(batch.vectorNames.count == 60_000 && batch.vectors.count == 120_000)
        #expect(batch.vectors(of: 1)["n59999"] == [59999])
    }

    @Test func whatTheClientWritesComesBack() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            var points: [Point] = []
            for index in 0..<Int.random(in: 1...9, using: &generator) {
                points.append(point(index, &generator))
            }
            let batch = PointBatch(points)
            let from = Int.random(in: 0..<points.count, using: &generator)
            let body = ClientCoder.upsert(batch, from..<points.count)
            let read = try #require(try decode(body, RequestDecoder.upsert).first?.upserted, "seed \(seed)")
            #expect(read.entries.map(\.id) == points[from...].map(\.id), "seed \(seed)")
            for (index, entry) in read.entries.enumerated() {
                #expect(entry.payload == points[from + index].payload, "seed \(seed)")
                #expect(read.values(of: index) == batch.values(of: from + index), "seed \(seed)")
            }
        }
    }

    private func point(_ index: Int, _ generator: inout SeededGenerator) -> Point {
        let id: PointID =
            Bool.random(using: &generator)
            ? .number(generator.next() >> UInt64.random(in: 0...63, using: &generator))
            : .uuid(PointUUID(high: generator.next(), low: generator.next()))
        let payload = Bool.random(using: &generator) ? Payload(validated: Array(#"{"n":\#(index),"ü\"":[1.50,{}]}"#.utf8)) : nil
        let vectors: PointVectors =
            switch Int.random(in: 0..<3, using: &generator) {
            case 0: .none
            case 1: .unnamed(Bool.random(using: &generator) ? .dense(generator.floats(3)) : .multi([generator.floats(2)]))
            default: .named(["ä \"x\"": generator.vector(), "b": generator.vector(), "": generator.vector()])
            }
        return Point(id: id, vectors: vectors, payload: payload)
    }

    @Test func readsModesAndFilters() throws {
        let points = #""points":[{"id":1,"vector":[1]}]"#
        for mode in UpdateMode.allCases {
            let operations = try decode(#"{\#(points),"update_mode":"\#(mode.rawValue)"}"#, RequestDecoder.upsert)
            #expect(operations.first?.upserted?.mode == mode)
        }
        let batch = try #require(
            try decode(
                #"{"batch":{"ids":[1],"vectors":[[1]]},"update_filter":{"must":{"has_id":[1]}},"update_mode":null}"#,
                RequestDecoder.upsert
            ).first?.upserted)
        #expect(batch.updateFilter == Filter(must: [.hasID([1])]) && batch.mode == .upsert)
        guard
            case .updateVectors(let vectors)? = try decode(
                #"{\#(points),"update_filter":{"should":[]}}"#, RequestDecoder.updateVectors
            ).first
        else {
            Issue.record("another operation")
            return
        }
        #expect(vectors.updateFilter == Filter())
        let error = fault(#"{\#(points),"update_mode":"insert"}"#, RequestDecoder.upsert)
        #expect(
            error.message.hasPrefix(
                "Format error in JSON body: unknown variant `insert`, expected one of `upsert`, `insert_only`, `update_only`"))
        let nested = try decode(
            #"{"operations":[{"upsert":{\#(points),"update_mode":"insert_only"}}]}"#, RequestDecoder.batchUpdate)
        #expect(nested.operations.first?.upserted?.mode == .insertOnly)
    }
}
