import Quiver
import QuiverTestKit
import Testing

@testable import Quiver

/// What a vector kind cannot hold is refused, and nothing of its request is kept.
@Suite struct KindRefusalTests {
    private func refusals(_ shape: KindShape) -> [(what: String, value: VectorValue, said: String)] {
        let row = [Float](repeating: 1, count: shape.dimension)
        func changed(_ number: Float) -> VectorValue { shape.value([[number] + row.dropFirst()]) }
        var refusals: [(String, VectorValue, String)] = [
            ("short", shape.value([Array(row.dropLast())]), "expected dim: 24, got 23"),
            ("infinite", changed(.infinity), "finite"), ("not a number", changed(.nan), "finite"),
            ("sparse", .sparse(SparseVector(indices: [1], values: [1])), "sparse and regular"),
        ]
        if shape.isMulti {
            refusals.append(("no rows", .multi([]), "has to have vectors"))
        } else {
            refusals.append(("multivector", .multi([row]), "multi and regular"))
        }
        if shape.datatype == .float16, shape.distance != .cosine {
            refusals.append(("beyond half precision", changed(70_000), "float16"))
        }
        return refusals
    }

    @Test(arguments: KindShape.all)
    func whatDoesNotFit(_ shape: KindShape) async throws {
        let test = try await TestCollection(shape.config())
        for (what, value, said) in refusals(shape) {
            let points = PointBatch([
                Point(id: .number(1), vectors: .unnamed(shape.value([[Float](repeating: 1, count: shape.dimension)]))),
                Point(id: .number(2), vectors: .unnamed(value)),
            ])
            do throws(QuiverError) {
                try await test.collection.update([.upsert(points)])
                Issue.record("\(what) was taken")
            } catch {
                #expect(error.message.contains(said), "\(what): \(error)")
            }
        }
        #expect(try await test.collection.count() == 0)
    }

    @Test(arguments: KindShape.all)
    func queriesThatDoNotFit(_ shape: KindShape) async throws {
        let test = try await TestCollection(shape.config())
        for (what, value, _) in refusals(shape) where what != "beyond half precision" {
            do throws(QuiverError) {
                _ = try await test.collection.query(QueryRequest(query: .nearest(value.input)))
                Issue.record("a query that is \(what) was answered")
            } catch {
                #expect(error.kind == .badInput || error.kind == .badRequest, "\(what): \(error)")
            }
        }
    }
}
