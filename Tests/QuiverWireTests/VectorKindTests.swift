import QuiverModel
import QuiverWire
import Testing

/// Sparse vectors and multivectors wherever a point can have them.
@Suite struct VectorKindTests {
    private func batch(_ text: String) throws -> PointBatch {
        try #require(try decode(text, RequestDecoder.upsert).first?.upserted)
    }

    @Test func namedVectorsMixKinds() throws {
        let batch = try batch(
            #"{"points":[{"id":1,"vector":{"s":{"values":[0.5,-1],"indices":[4294967295,0]},"m":[[1,2],[3,4],[5,6]],"d":[7]}},{"id":2,"vector":{"d":[8,9],"s":{"indices":[],"values":[]}}},{"id":3,"vector":{"s":{"indices":[3],"values":[1e-3],"more":1}}}]}"#)
        #expect(
            batch.values(of: 0) == [
                "s": .sparse(SparseVector(indices: [4294967295, 0], values: [0.5, -1])),
                "m": .multi([[1, 2], [3, 4], [5, 6]]), "d": [7],
            ])
        #expect(batch.values(of: 1) == ["d": [8, 9], "s": .sparse(SparseVector(indices: [], values: []))])
        #expect(batch.values(of: 2) == ["s": .sparse(SparseVector(indices: [3], values: [0.001]))])
        #expect(batch.components.count == 12 && batch.indices == [4294967295, 0, 3])
    }

    @Test func theUnnamedVectorMayBeAMultivector() throws {
        let batch = try batch(#"{"points":[{"id":1,"vector":[[1,2],[3,4]]},{"id":2,"vector":[5,6]}]}"#)
        #expect(batch.values(of: 0) == ["": .multi([[1, 2], [3, 4]])])
        #expect(batch.values(of: 1) == ["": [5, 6]])
    }

    /// An object is a map of names, whatever they are.
    @Test func anUnnamedVectorIsNeverSparse() throws {
        let batch = try batch(#"{"points":[{"id":1,"vector":{"indices":[1],"values":[0.5]}}]}"#)
        #expect(batch.values(of: 0) == ["indices": [1], "values": [0.5]])
    }

    @Test func columnsTakeEveryKind() throws {
        let multi = try batch(#"{"batch":{"ids":[1,2],"vectors":[[[1,2]],[[3,4],[5,6]]]}}"#)
        #expect(multi.values(of: 0) == ["": .multi([[1, 2]])] && multi.values(of: 1) == ["": .multi([[3, 4], [5, 6]])])
        let named = try batch(
            #"{"batch":{"ids":[1,2],"vectors":{"m":[[[1],[2]],[3]],"s":[{"indices":[5,2],"values":[1,2]},{"indices":[9],"values":[3]}]}}}"#)
        #expect(
            named.values(of: 0) == ["m": .multi([[1], [2]]), "s": .sparse(SparseVector(indices: [5, 2], values: [1, 2]))])
        #expect(named.values(of: 1) == ["m": [3], "s": .sparse(SparseVector(indices: [9], values: [3]))])
    }

    @Test func theLastVectorOfANameCountsWhateverItsKind() throws {
        let batch = try batch(
            #"{"points":[{"id":1,"vector":{"a":{"indices":[1,2],"values":[1,2]},"b":{"indices":[3],"values":[4]},"a":[5]}},{"id":2,"vector":{"a":[1],"b":[[1],[2]],"b":{"indices":[7,6],"values":[8,9]},"a":[[3],[4]]}}]}"#)
        #expect(batch.values(of: 0) == ["a": [5], "b": .sparse(SparseVector(indices: [3], values: [4]))])
        #expect(
            batch.values(of: 1) == ["a": .multi([[3], [4]]), "b": .sparse(SparseVector(indices: [7, 6], values: [8, 9]))])
        #expect(batch.components == [5, 4, 3, 4, 8, 9] && batch.indices == [3, 7, 6])
    }

    @Test func updatesTakeEveryKind() throws {
        let operations = try decode(
            #"{"points":[{"id":1,"vector":{"s":{"indices":[2],"values":[1]},"m":[[1,2]]}},{"id":2,"vector":[[1,2]]}]}"#,
            RequestDecoder.updateVectors)
        guard case .updateVectors(let batch)? = operations.first else {
            Issue.record("no update of vectors")
            return
        }
        #expect(
            batch.values(of: 0) == ["s": .sparse(SparseVector(indices: [2], values: [1])), "m": .multi([[1, 2]])])
        #expect(batch.values(of: 1) == ["": .multi([[1, 2]])])
    }

    /// Against a set, in any order, at any size.
    @Test func repeatedIndicesAreFound() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let highest = UInt32.random(in: 1...60, using: &generator)
            let indices = (0..<Int.random(in: 0...8, using: &generator)).map { _ in
                UInt32.random(in: 0...highest, using: &generator)
            }
            let sparse = SparseVector(
                indices: Bool.random(using: &generator) ? indices.sorted() : indices,
                values: generator.floats(indices.count))
            let point = Point(id: 1, vectors: .named(["a": .dense([1]), "s": .sparse(sparse)]))
            let body = ClientCoder.upsert(PointBatch([point]))
            do throws(WireError) {
                let read = try decode(body, RequestDecoder.upsert).first?.upserted
                #expect(Set(indices).count == indices.count, "\(indices) seed \(seed)")
                #expect(read?.values(of: 0)["s"] == .sparse(sparse), "seed \(seed)")
            } catch {
                #expect(Set(indices).count < indices.count, "\(indices) seed \(seed)")
                #expect(
                    error.message
                        == "Validation error in JSON body: [points[0].vector.?.indices: Validation error: must be unique [{}]]",
                    "seed \(seed)")
            }
        }
    }

    @Test func recordsReadBackAsTheyWereWritten() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let named = ["a": generator.vector(), "b": generator.vector(), "": generator.vector()]
            let record = Record(id: 1, vectors: .named(named))
            let written = String(decoding: ResponseEncoder.records([record], seconds: 0), as: UTF8.self)
            let (head, tail) = (#"{"result":"#, #","status":"ok","time":0.0}"#)
            let read = try batch(#"{"points":\#(written.dropFirst(head.count).dropLast(tail.count))}"#)
            #expect(read.values(of: 0) == named, "seed \(seed)")
        }
    }

    @Test func multivectorsAreBounded() throws {
        func body(_ rowCount: Int) -> String {
            let row = "[" + String(repeating: "0,", count: 1023) + "0]"
            return #"{"points":[{"id":1,"vector":["# + String(repeating: row + ",", count: rowCount - 1) + row + "]}]}"
        }
        #expect(try batch(body(1023)).vectors.first?.shape == .multi(rowCount: 1023))
        #expect(
            fault(body(1024), RequestDecoder.upsert)
                == WireError(
                    status: 422,
                    message: "Validation error in JSON body: [points[0].vector.data: Total size of all vectors (1048576) must be less than 1048576]"))
    }
}
