import Quiver
import QuiverLMDB
import QuiverModel
import QuiverPayload
import QuiverTestKit
import Testing

@testable import Quiver

struct CollectionStateTests {
    /// A commit that fails after the growing segments were frozen with it, for example on a full disk.
    @Test func rollBackOverFreeze() throws {
        let directory = try TemporaryDirectory()
        let store = try CollectionStore(directory: directory.path + "/c", mapBytes: 1 << 24)
        defer { try? store.environment.close() }
        let fields = [
            VectorField(name: "a", params: VectorParams(size: 3, distance: .dot)),
            VectorField(name: "b", params: VectorParams(size: 2, distance: .euclid)),
        ]
        let state = CollectionState(
            store: store, counters: StoreState(), free: ChunkedBitmap(), vectors: fields.map(VectorState.init))
        func append(_ vector: Int, _ slot: UInt32, _ value: Float) {
            state.removeGrowingVector(vector, slot: slot)
            let floats = [Float](repeating: value, count: fields[vector].dimension)
            floats.withUnsafeBufferPointer { floats in
                guard let base = floats.baseAddress else { return }
                state.appendVector(vector, slot: slot, VectorNumbers(floats: base, count: floats.count))
            }
        }
        func value(_ vector: Int, _ slot: UInt32) -> Float? {
            for growing in state.vectors[vector].growing.reversed() {
                if let row = growing.rowOfSlot[slot] { return growing.segment.numbers(row).floats.pointee }
            }
            return nil
        }

        append(0, 1, 10)
        append(0, 2, 20)
        append(1, 2, 21)
        state.forgetJournal()

        let mark = state.mark()
        append(0, 1, 11)
        append(0, 3, 30)
        state.removeGrowingVector(0, slot: 2)
        state.counters.sequence += 1
        state.logBytes = 100
        state.freeze()
        append(0, 4, 40)
        append(1, 2, 22)
        state.rollBack(to: mark)

        #expect(state.frozenSequences.isEmpty && state.counters.sequence == 0 && state.logBytes == 0)
        #expect(state.vectors.allSatisfy { $0.growing.count == 1 })
        #expect([value(0, 1), value(0, 2), value(0, 3), value(0, 4), value(1, 2)] == [10, 20, nil, nil, 21])
        let view = state.makeView(transactionID: 0, indexes: FieldIndexSet([]), previous: nil)
        #expect(view.vectors.map(\.liveCount) == [2, 1])
        append(0, 4, 41)
        #expect(value(0, 4) == 41 && value(0, 1) == 10)
    }
}
