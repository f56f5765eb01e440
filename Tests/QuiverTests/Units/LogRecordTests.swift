import Quiver
import QuiverModel
import QuiverTestKit
import Testing

@testable import Quiver

struct LogRecordTests {
    /// What a record does to vectors, as it was meant.
    private enum Effect: Equatable {
        case replaced(UInt32)
        case vector(UInt32, String, VectorValue)
        case pointGone(UInt32)
        case vectorGone(UInt32, String)
        case vectorsGone(String)
    }

    private struct Recorder: LogReplayTarget {
        var effects: [Effect] = []

        mutating func replace(slot: UInt32) { effects.append(.replaced(slot)) }
        mutating func setVector(slot: UInt32, name: String, _ numbers: VectorNumbers) {
            let kind: VectorField.Kind = numbers.indices != nil ? .sparse : numbers.rowCount > 1 ? .multi : .dense
            effects.append(.vector(slot, name, numbers.value(of: kind)))
        }
        mutating func deletePoint(slot: UInt32) { effects.append(.pointGone(slot)) }
        mutating func deleteVector(slot: UInt32, name: String) { effects.append(.vectorGone(slot, name)) }
        mutating func dropVectors(name: String) { effects.append(.vectorsGone(name)) }
    }

    private func randomVector(_ random: inout SeededGenerator) -> VectorValue {
        switch random.below(3) {
        case 0: return .dense(random.vector(random.below(20)))
        case 1:
            let size = 1 + random.below(5)
            return .multi((0..<2 + random.below(4)).map { _ in random.vector(size) })
        default:
            let count = random.below(6)
            return .sparse(SparseVector(indices: (0..<count).map { UInt32($0 * 7) }, values: random.vector(count)))
        }
    }

    /// One random operation, written and remembered.
    private func writeOperation(
        _ writer: inout LogRecordWriter, _ random: inout SeededGenerator, _ effects: inout [Effect]
    ) throws {
        let names = ["", "text", "ünï"]
        let id = random.chance(50) ? PointID.number(random.next()) : .uuid(PointUUID(high: random.next(), low: random.next()))
        let slot = UInt32(truncatingIfNeeded: random.next())
        let payload = try Payload(json: #"{"a":"\#(String(repeating: "x", count: random.below(300)))"}"#)
        switch random.below(8) {
        case 0, 1:
            let replaces = random.chance(50)
            writer.begin(replaces ? .upsert : .updateVectors)
            writer.write(names: names)
            writer.write(count: 1)
            writer.write(slot: slot, id: id)
            writer.write(payload: random.chance(50) ? payload : nil)
            let count = random.below(3)
            writer.write(vectorCount: count)
            if replaces { effects.append(.replaced(slot)) }
            for _ in 0..<count {
                let name = random.below(names.count)
                let vector = randomVector(&random)
                var batch = PointBatch()
                batch.appendVector(vector, name: names[name])
                batch.withNumbers(of: batch.vectors[0]) { writer.write(nameIndex: name, $0) }
                effects.append(.vector(slot, names[name], vector))
            }
        case 2:
            writer.begin(.deletePoints)
            writer.write(count: 2)
            for slot in [slot, slot / 2] {
                writer.write(slot: slot, id: id)
                effects.append(.pointGone(slot))
            }
        case 3:
            writer.begin(.deleteVectors)
            writer.write(names: Array(names.prefix(2)))
            writer.write(count: 1)
            writer.write(slot: slot, id: id)
            for name in names.prefix(2) { effects.append(.vectorGone(slot, name)) }
        case 4:
            writer.begin(.setPayload)
            writer.write(text: random.chance(50) ? "" : "a.b")
            writer.write(payload: payload)
            writer.write(count: 1)
            writer.write(slot: slot, id: id)
        case 5:
            writer.begin(.overwritePayload)
            writer.write(payload: payload)
            writer.write(count: 0)
        case 6:
            writer.begin(.deletePayload)
            writer.write(names: names)
            writer.write(count: 1)
            writer.write(slot: slot, id: id)
        default:
            writer.begin(.clearPayload)
            writer.write(count: 1)
            writer.write(slot: slot, id: id)
        }
    }

    private func record(_ random: inout SeededGenerator) throws -> (bytes: [UInt8], effects: [Effect]) {
        var writer = LogRecordWriter(LogMoment(sequence: 7, time: 9))
        var effects: [Effect] = []
        for _ in 0..<random.below(6) { try writeOperation(&writer, &random, &effects) }
        return (writer.finish(), effects)
    }

    @Test func roundTrip() throws {
        var random = SeededGenerator(seed: runSeed("log record"))
        for _ in 0..<500 {
            let (bytes, effects) = try record(&random)
            var recorder = Recorder()
            try bytes.withUnsafeBytes { try LogReplay.apply($0, to: &recorder) }
            #expect(recorder.effects == effects)
        }
    }

    /// Whatever is cut off or changed gives the error or another reading, and touches nothing outside.
    @Test func damagedRecordsAreRefused() throws {
        var random = SeededGenerator(seed: runSeed("damaged log record"))
        for _ in 0..<200 {
            let (whole, effects) = try record(&random)
            var bytes = whole
            // Until its end comes, a cut record says what the whole one says.
            for length in 0..<bytes.count {
                var recorder = Recorder()
                #expect(throws: ByteReader.Malformed.self) {
                    try bytes.prefix(length).withUnsafeBytes { try LogReplay.apply($0, to: &recorder) }
                }
                #expect(recorder.effects == Array(effects.prefix(recorder.effects.count)))
            }
            for _ in 0..<50 {
                let place = random.below(bytes.count)
                let old = bytes[place]
                bytes[place] = UInt8(truncatingIfNeeded: random.next())
                var recorder = Recorder()
                try? bytes.withUnsafeBytes { try LogReplay.apply($0, to: &recorder) }
                bytes[place] = old
            }
        }
    }

    @Test func byteReaderEndsWhereTheBytesEnd() throws {
        var writer = ByteWriter()
        writer.write(UInt8(1))
        writer.write(UInt16(0x0203))
        writer.write(UInt64(7))
        writer.write(text: "häß")
        let bytes = writer.takeBytes()
        #expect(bytes.prefix(3) == [1, 3, 2])
        try bytes.withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            let numbers = (try reader.read(UInt8.self), try reader.read(UInt16.self), try reader.read(UInt64.self))
            #expect(numbers == (1, 0x0203, 7))
            let text = try reader.readText()
            #expect(text == "häß" && reader.remaining == 0)
            #expect(throws: ByteReader.Malformed.self) { _ = try reader.read(UInt8.self) }
            #expect(throws: ByteReader.Malformed.self) { _ = try reader.take(1) }
            #expect(throws: ByteReader.Malformed.self) { _ = try reader.take(-1) }
            let nothing = try reader.take(0)
            #expect(nothing.isEmpty)
        }
        // A length that promises more than there is.
        let lying: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 65]
        lying.withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            #expect(throws: ByteReader.Malformed.self) { _ = try reader.readBlock() }
        }
    }

    @Test func storedStatesRoundTrip() throws {
        var state = StoreState()
        state.sequence = .max
        state.sealedSequence = 1 << 40
        state.slotCount = 77
        state.nextSegmentID = 9
        let bytes = state.encoded()
        #expect(try bytes.withUnsafeBytes { try StoreState($0) } == state)
        for length in 0..<bytes.count {
            #expect(throws: QuiverError.self) { try bytes.prefix(length).withUnsafeBytes { _ = try StoreState($0) } }
        }
        let entry = SegmentEntry(
            vectorName: "bild", byteCount: 8192, sha256: [UInt8](repeating: 1, count: 32), meta: [1, 2, 3],
            chunks: [.init(name: "slots", offset: 4160, byteCount: 12, sha256: [UInt8](repeating: 2, count: 32))]
        ).encoded()
        #expect(try entry.withUnsafeBytes { try SegmentEntry($0).vectorName } == "bild")
        for length in 0..<entry.count {
            #expect(throws: QuiverError.self) { try entry.prefix(length).withUnsafeBytes { _ = try SegmentEntry($0) } }
        }
    }
}
