import Foundation
import QuiverTestKit
import Testing

@testable import Quiver

/// Bits that flip and ends that go missing in segment files: a storage answers as it did before, or says that it is
/// damaged. Set `QUIVER_LONG=1` for thousands of trials, `QUIVER_SEED` to repeat one.
@Suite(.serialized) struct DamageTests {
    private static let trials = ProcessInfo.processInfo.environment["QUIVER_LONG"] == nil ? 120 : 4000

    private enum Change: CustomStringConvertible {
        case flip(Int, UInt8)
        case cut(Int)
        case zeroPage(Int)

        var description: String {
            switch self {
            case .flip(let offset, let mask): "flip \(mask) at \(offset)"
            case .cut(let length): "cut to \(length)"
            case .zeroPage(let offset): "zeros from \(offset)"
            }
        }

        init(_ random: inout SeededGenerator, byteCount: Int) {
            let mask = UInt8(1) << UInt8(random.below(8))
            switch random.below(10) {
            case 0: self = .cut(random.below(byteCount))
            case 1: self = .cut(max(0, byteCount - 1 - random.below(8192)))
            case 2: self = .zeroPage(random.below(byteCount) / 4096 * 4096)
            // Meta pages, and the last page.
            case 3: self = .flip(random.below(min(byteCount, 8192)), mask)
            case 4: self = .flip(byteCount - 1 - random.below(min(byteCount, 4096)), mask)
            // The beginnings of pages: headers of pages and chunks.
            case 5, 6: self = .flip(min(byteCount - 1, random.below(byteCount) / 4096 * 4096 + random.below(64)), mask)
            default: self = .flip(random.below(byteCount), mask)
            }
        }

        func apply(_ path: String) throws {
            let url = URL(fileURLWithPath: path)
            var bytes = try Data(contentsOf: url)
            switch self {
            case .flip(let offset, let mask): bytes[offset] ^= mask
            case .cut(let length): bytes = bytes.prefix(length)
            case .zeroPage(let offset):
                let end = min(bytes.count, offset + 4096)
                bytes.replaceSubrange(offset..<end, with: Data(count: end - offset))
            }
            let file = try FileHandle(forWritingTo: url)
            try file.truncate(atOffset: UInt64(bytes.count))
            try file.write(contentsOf: bytes)
            try file.close()
        }
    }

    @Test func segments() async throws {
        let seed = runSeed("DamageTests.segments")
        var random = SeededGenerator(seed: seed)
        let sample = try await DamageSample.make(seed: seed)
        let untouched = try sample.copy(-1)
        try await expectWhole(sample, untouched, "untouched")
        var served = 0
        var refused = 0
        for trial in 0..<Self.trials {
            let copy = try sample.copy(trial)
            defer { Files.removeTree(copy) }
            let files = try DamageSample.files(copy).filter { $0.contains("/segments/") }
            var changes: [String] = []
            for _ in 0...random.below(3) {
                let file = random.pick(files)
                let length = Files.byteCount(file)
                guard length > 0 else { continue }
                let change = Change(&random, byteCount: length)
                try change.apply(file)
                changes.append("\(file.suffix(20)): \(change)")
            }
            let what = "seed \(seed), trial \(trial): \(changes.joined(separator: "; "))"
            // What is found offline agrees with what the opening does, and leaves everything as it is.
            let before = try DamageSample.files(copy).map { try Data(contentsOf: URL(fileURLWithPath: $0)) }
            var findings: [StorageFinding] = []
            _ = try StorageVerifier(path: copy).run(note: { findings.append($0) })
            let after = try DamageSample.files(copy).filter { !$0.hasSuffix("/LOCK") }
                .map { try Data(contentsOf: URL(fileURLWithPath: $0)) }
            #expect(before == after, "\(what)")
            let isLost = findings.contains { $0.severity == .primary }
            if try await serves(sample, copy, what) {
                served += 1
                #expect(!isLost, "\(what): \(findings)")
            } else {
                refused += 1
                #expect(isLost, "\(what)")
            }
        }
        print("served \(served), refused \(refused)")
        #expect(served > Self.trials / 20 && refused > Self.trials / 40)
    }

    private func expectWhole(_ sample: DamageSample, _ path: String, _ what: String) async throws {
        var findings: [StorageFinding] = []
        _ = try StorageVerifier(path: path).run(note: { findings.append($0) })
        #expect(findings.isEmpty, "\(findings.map(\.description))")
        #expect(try await serves(sample, path, what))
    }

    /// False for a clear refusal.
    private func serves(_ sample: DamageSample, _ path: String, _ what: String) async throws -> Bool {
        do {
            let database = try Database.open(path, options: sample.options)
            defer { database.close() }
            #expect(try await DamageSample.otherAnswers(database.collection("other")) == sample.otherAnswers, "\(what)")
            let answers = try await DamageSample.answers(database.collection("all"))
            if answers != sample.answers {
                let first = zip(answers, sample.answers).first { $0 != $1 }
                Issue.record("\(what): answers \(answers.count) of \(sample.answers.count); \(String(describing: first))")
            }
            return true
        } catch {
            #expect((error as? QuiverError)?.kind == .corrupted, "\(what): \(error)")
            return false
        }
    }
}
