import Foundation
import Quiver
import QuiverTestKit
import Testing

@testable import Quiver

/// Every kind of dense vector and multivector against a dictionary, whatever is configured and changed meanwhile.
///
/// `QUIVER_SEED` repeats a run, `QUIVER_KIND_STEPS` makes it long.
@Suite struct KindTests {
    static let steps = ProcessInfo.processInfo.environment["QUIVER_KIND_STEPS"].flatMap { Int($0) } ?? 60

    @Test(arguments: KindShape.all)
    func agreesWithDictionary(_ shape: KindShape) async throws {
        let seed = runSeed("kinds, \(shape.testDescription)")
        let run = try await KindRun(shape, seed: seed)
        defer { run.database.close() }
        for step in 0..<KindTests.steps {
            do {
                try await run.step()
            } catch {
                Issue.record("QUIVER_SEED=\(seed), \(shape.testDescription), step \(step): \(error)")
                return
            }
        }
        try await run.collection.seal()
        try await run.checkAll()
        print("kinds, \(shape.testDescription): \(run.events.sorted { $0.key < $1.key }), found \(run.found) of \(run.wanted)")
        // Graphs of four links are among them, and of some runs there are but a few answers.
        #expect(Double(run.found) >= 0.93 * Double(run.wanted) - 4, "QUIVER_SEED=\(seed)")
    }
}
