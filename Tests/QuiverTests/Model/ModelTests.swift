import Foundation
import Quiver
import QuiverTestKit
import Testing

/// Random operations on the engine and on a dictionary; after each, both have to agree.
///
/// `QUIVER_SEED` repeats a run, `QUIVER_MODEL_STEPS` makes it long. Sealing, indexing and merging run in the background
/// all the while, so a repeated run meets the same operations, not the same moments.
struct ModelTests {
    static let shapes: [(name: String, shape: ModelShape)] =
        Distance.allCases.map { ("unnamed \($0.rawValue)", ModelShape.unnamed($0)) } + [("named", .named)]

    static let steps = ProcessInfo.processInfo.environment["QUIVER_MODEL_STEPS"].flatMap { Int($0) } ?? 500

    @Test(arguments: shapes.indices)
    func agreesWithDictionary(_ index: Int) async throws {
        let (name, shape) = ModelTests.shapes[index]
        let seed = runSeed("model test, \(name)")
        var run = try await ModelRun(shape: shape, seed: seed &+ UInt64(index))
        defer { run.database.close() }
        for step in 0..<ModelTests.steps {
            do {
                try await run.step()
            } catch {
                Issue.record("QUIVER_SEED=\(seed), \(name), step \(step): \(error)")
                return
            }
        }
        try await run.checkEverything()
        print("model test, \(name): \(run.events.sorted { $0.key < $1.key }), walks found \(run.found) of \(run.wanted)")
        #expect(Double(run.found) >= 0.98 * Double(run.wanted), "QUIVER_SEED=\(seed)")
    }
}
