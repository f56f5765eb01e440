import Foundation
import QuiverArchive
import QuiverTestKit
import Testing

/// Archives in memory.
struct ArchiveBytes {
    /// Files, and the parts of streams.
    enum Piece: Equatable {
        case file(String, [UInt8])
        case part(String, [UInt8])
    }

    static func write(_ pieces: [Piece], seconds: UInt64 = 1_700_000_000) throws -> [UInt8] {
        let bytes = Collected()
        var writer = try ArchiveWriter(seconds: seconds) { bytes.bytes.append(contentsOf: $0) }
        for piece in pieces {
            switch piece {
            case .file(let name, let content): try writer.addFile(name, content)
            case .part(let stem, let content): try content.withUnsafeBytes { try writer.addPart(stem, $0) }
            }
        }
        let count = writer.byteCount
        let digest = try writer.finish()
        // The line of checksums, its header and the end.
        #expect(bytes.bytes.count == Int(count) + 4 * 512)
        #expect(digest.count == 32)
        return bytes.bytes
    }

    /// Gives at most `step` bytes at a time.
    static func read(_ bytes: [UInt8], step: Int = .max) throws -> [Piece] {
        var position = 0
        var reader = try ArchiveReader { buffer in
            let count = min(buffer.count, bytes.count - position, step)
            bytes.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[position..<position + count])) }
            position += count
            return count
        }
        var pieces: [Piece] = []
        while let piece = try reader.next() {
            switch piece {
            case .file(let name): pieces.append(.file(name, Array(reader.bytes)))
            case .part(let stem, _): pieces.append(.part(stem, Array(reader.bytes)))
            }
        }
        #expect(reader.byteCount == UInt64(bytes.count))
        return pieces
    }

    final class Collected {
        var bytes: [UInt8] = []
    }

    static func noise(_ count: Int, _ random: inout SeededGenerator) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    static let small: [Piece] = [
        .file("head.json", Array(#"{"a":1}"#.utf8)),
        .part("one/parts", [UInt8](repeating: 7, count: 700)),
        .part("one/parts", Array((0...255).map { UInt8($0) })),
        .part("two/parts", [1]),
        .file("one/empty", []),
    ]
}

@Suite struct ArchiveTests {
    @Test func roundTrip() throws {
        let seed = runSeed("archives")
        var random = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            var pieces: [ArchiveBytes.Piece] = []
            for stem in 0..<random.below(4) {
                if random.chance(50) { pieces.append(.file("f/\(stem)", ArchiveBytes.noise(random.below(2000), &random))) }
                for _ in 0..<random.below(5) {
                    let count = 1 + random.below(5000)
                    let content = random.chance(50) ? ArchiveBytes.noise(count, &random) : [UInt8](repeating: 9, count: count)
                    pieces.append(.part("s\(stem)/p", content))
                }
            }
            let bytes = try ArchiveBytes.write(pieces)
            #expect(try ArchiveBytes.read(bytes, step: 1 + random.below(3000)) == pieces, "QUIVER_SEED=\(seed)")
        }
    }

    @Test func largestPart() throws {
        var random = SeededGenerator(seed: 1)
        let noise = ArchiveBytes.noise(1 << 16, &random)
        let stored = Array([[UInt8]](repeating: noise, count: 64).joined())
        let pieces: [ArchiveBytes.Piece] = [
            .part("p", [UInt8](repeating: 0, count: 4 << 20)), .part("p", stored), .part("p", [1, 2]),
        ]
        #expect(try ArchiveBytes.read(try ArchiveBytes.write(pieces)) == pieces)
    }

    /// No byte of an archive can be changed, left out or added.
    @Test func everyByteCounts() throws {
        let bytes = try ArchiveBytes.write(ArchiveBytes.small)
        #expect(try ArchiveBytes.read(bytes) == ArchiveBytes.small)
        for index in bytes.indices {
            var flipped = bytes
            flipped[index] ^= 1 << UInt8(index % 8)
            #expect(throws: ArchiveError.self, "byte \(index)") { try ArchiveBytes.read(flipped) }
            var shorter = bytes
            shorter.remove(at: index)
            #expect(throws: ArchiveError.self, "byte \(index) is missing") { try ArchiveBytes.read(shorter) }
            #expect(throws: ArchiveError.self, "cut off at \(index)") { try ArchiveBytes.read(Array(bytes[..<index])) }
        }
        for index in 0...bytes.count {
            var longer = bytes
            longer.insert(0, at: index)
            #expect(throws: ArchiveError.self, "a byte was added at \(index)") { try ArchiveBytes.read(longer) }
        }
    }

    @Test func systemToolsReadIt() throws {
        let directory = try TemporaryDirectory()
        let archive = directory.path + "/a.tar"
        try Data(try ArchiveBytes.write(ArchiveBytes.small)).write(to: URL(fileURLWithPath: archive))
        guard let listing = run("/usr/bin/tar", "-t", "-f", archive) else { return }
        #expect(
            String(decoding: listing, as: UTF8.self).split(separator: "\n") == [
                "head.json", "one/parts/00000000.zst", "one/parts/00000001", "two/parts/00000000", "one/empty", "checksums",
            ])
        #expect(run("/usr/bin/tar", "-x", "-f", archive, "-C", directory.path) != nil)
        let part = directory.path + "/one/parts/00000000.zst"
        if let content = run("/usr/bin/zstd", "-d", "-c", part) { #expect(Array(content) == [UInt8](repeating: 7, count: 700)) }
        #expect(FileManager.default.contents(atPath: directory.path + "/head.json") == Data(#"{"a":1}"#.utf8))
    }

    /// Nil where there is no such tool.
    private func run(_ tool: String, _ arguments: String...) -> Data? {
        guard FileManager.default.isExecutableFile(atPath: tool) else { return nil }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: tool)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        guard (try? process.run()) != nil else { return nil }
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(tool) \(arguments)")
        return data
    }
}

/// Archives by another hand, with a valid sum in every header.
@Suite struct HostileArchiveTests {
    private func header(
        _ name: String, bytes: Int = 0, type: Character = "0", link: String = "", change: (inout [UInt8]) -> Void = { _ in }
    ) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, _ offset: Int) { for (index, byte) in text.utf8.enumerated() { block[offset + index] = byte } }
        func octal(_ number: Int, _ digits: Int) -> String {
            let text = String(number, radix: 8)
            return String(repeating: "0", count: digits - text.count) + text
        }
        put(name, 0)
        put("0000644", 100)
        put("0000000", 108)
        put("0000000", 116)
        put(octal(bytes, 11), 124)
        put(octal(1_700_000_000, 11), 136)
        put(String(type), 156)
        put(link, 157)
        put("ustar", 257)
        put("00", 263)
        put("0000000", 329)
        put("0000000", 337)
        change(&block)
        put("        ", 148)
        put(octal(block.reduce(0) { $0 + Int($1) }, 6) + "\0 ", 148)
        return block
    }

    @Test func wellFormedHeaderIsRead() throws {
        let whole = try ArchiveBytes.write([.file("a", [])])
        #expect(Array(whole[..<512]) == header("a"))
    }

    @Test(arguments: ["/etc/passwd", "../a", "a/../../b", "a/..", "..", "a//b", "./a", "a/", "A", "a b", "a\\b", "a\nb", "ä"])
    func nameIsRefused(_ name: String) {
        #expect(throws: ArchiveError.nameRefused(name)) { try ArchiveBytes.read(header(name)) }
    }

    @Test(arguments: ["1", "2", "3", "4", "5", "6", "7", "x", "g", "L", "K", "S", "\0"] as [Character])
    func typeIsRefused(_ type: Character) throws {
        let byte = try #require(type.asciiValue)
        #expect(throws: ArchiveError.entryRefused(name: "a", type: byte)) {
            try ArchiveBytes.read(header("a", type: type, link: "/etc/passwd"))
        }
    }

    @Test func sizeIsBounded() {
        #expect(throws: ArchiveError.tooLarge(name: "a", bytes: 1 << 32)) { try ArchiveBytes.read(header("a", bytes: 1 << 32)) }
        #expect(throws: ArchiveError.tooLarge(name: "p/00000000", bytes: 5 << 20)) {
            try ArchiveBytes.read(header("p/00000000", bytes: 5 << 20))
        }
        #expect(throws: ArchiveError.tooLarge(name: "checksums", bytes: 1 << 20)) {
            try ArchiveBytes.read(header("checksums", bytes: 1 << 20))
        }
    }

    @Test func partsAreInOrder() throws {
        func part(_ name: String) -> [UInt8] { header(name, bytes: 1) + [1] + [UInt8](repeating: 0, count: 511) }
        for names in [["p/00000001"], ["p/00000000", "p/00000002"], ["p/00000000", "q/00000001"], ["p/00000000", "p/00000000"]] {
            #expect(throws: ArchiveError.damaged("\(names.last ?? "") is not the part that follows")) {
                try ArchiveBytes.read(names.flatMap(part))
            }
        }
    }

    /// A frame that says it holds more than a part, another than it says, or two frames.
    @Test func frames() throws {
        let whole = try ArchiveBytes.write([.part("p", [UInt8](repeating: 5, count: 3000))])
        let count = Int(String(decoding: whole[124..<135], as: UTF8.self), radix: 8) ?? 0
        let frame = Array(whole[512..<512 + count])
        func archive(_ frame: [UInt8]) -> [UInt8] {
            header("p/00000000.zst", bytes: frame.count) + frame + [UInt8](repeating: 0, count: 512)
        }
        let damaged = ArchiveError.damaged("the frame of p/00000000.zst")
        #expect(throws: damaged) { try ArchiveBytes.read(archive(frame + frame)) }
        #expect(throws: damaged) { try ArchiveBytes.read(archive(Array(frame.dropLast()))) }
        #expect(throws: damaged) { try ArchiveBytes.read(archive([0x28, 0xB5, 0x2F, 0xFD, 0xE0] + [UInt8](repeating: 0xFF, count: 8))) }
        #expect(throws: damaged) { try ArchiveBytes.read(archive([UInt8](repeating: 0, count: 40))) }
    }

    @Test func fieldsThatNobodyReadsAreCompared() {
        for place in [100, 110, 118, 200, 265, 300, 329, 345, 511] {
            #expect(throws: ArchiveError.damaged("the header of a"), "\(place)") {
                try ArchiveBytes.read(header("a") { $0[place] = UInt8(ascii: "7") })
            }
        }
    }
}
