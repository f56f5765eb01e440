import QuiverTestKit
import Testing

@testable import QuiverBackup

@Suite struct EnvelopeTests {
    static let key = [UInt8](repeating: 7, count: 32)

    static func content(_ count: Int, _ generator: inout SeededGenerator, repetitive: Bool) -> [UInt8] {
        (0..<count).map { repetitive ? UInt8($0 / 64 % 7) : UInt8(truncatingIfNeeded: generator.next()) }
    }

    /// Around the length of a chunk of the cipher, and short ones.
    static let lengths = [0, 1, 100, 65_535, 65_536, 65_537, 131_072, 200_000]

    @Test(arguments: lengths, [false, true]) func comesBack(_ count: Int, isEncrypted: Bool) throws {
        var generator = SeededGenerator(seed: UInt64(count))
        for repetitive in [false, true] {
            let content = Self.content(count, &generator, repetitive: repetitive)
            let packed = try content.withUnsafeBytes {
                try ObjectEnvelope.pack($0, name: "objects/aa/x", key: isEncrypted ? Self.key : nil)
            }
            if repetitive, count > 1000 { #expect(packed.count < count / 4) }
            #expect(
                try ObjectEnvelope.unpack(packed, name: "objects/aa/x", key: isEncrypted ? Self.key : nil) == content)
        }
    }

    @Test func refusesEveryChangeOfAnEncryptedObject() throws {
        var generator = SeededGenerator(seed: 1)
        let content = Self.content(300, &generator, repetitive: false)
        let packed = try content.withUnsafeBytes { try ObjectEnvelope.pack($0, name: "n", key: Self.key) }
        for place in packed.indices {
            for bit in 0..<8 {
                var changed = packed
                changed[place] ^= 1 << UInt8(bit)
                #expect(throws: (any Error).self) { try ObjectEnvelope.unpack(changed, name: "n", key: Self.key) }
            }
        }
        for count in packed.indices {
            #expect(throws: (any Error).self) {
                try ObjectEnvelope.unpack(Array(packed[..<count]), name: "n", key: Self.key)
            }
        }
        #expect(throws: (any Error).self) { try ObjectEnvelope.unpack(packed + [0], name: "n", key: Self.key) }
        #expect(throws: (any Error).self) { try ObjectEnvelope.unpack(packed, name: "m", key: Self.key) }
        #expect(throws: (any Error).self) {
            try ObjectEnvelope.unpack(packed, name: "n", key: [UInt8](repeating: 8, count: 32))
        }
        #expect(throws: (any Error).self) { try ObjectEnvelope.unpack(packed, name: "n", key: nil) }
    }

    @Test func refusesChunksThatWereMovedLeftOutOrTakenFromElsewhere() throws {
        var generator = SeededGenerator(seed: 2)
        let content = Self.content(4 * ChunkCipher.chunkBytes, &generator, repetitive: false)
        let packed = try content.withUnsafeBytes { try ObjectEnvelope.pack($0, name: "n", key: Self.key) }
        let again = try content.withUnsafeBytes { try ObjectEnvelope.pack($0, name: "n", key: Self.key) }
        #expect(packed != again, "a salt of its own for each")
        let head = ObjectEnvelope.headBytes + ObjectEnvelope.saltBytes
        let chunk = ChunkCipher.chunkBytes + ChunkCipher.tagBytes
        func chunks(_ bytes: [UInt8]) -> [[UInt8]] {
            stride(from: head, to: bytes.count, by: chunk).map { Array(bytes[$0..<min($0 + chunk, bytes.count)]) }
        }
        let own = chunks(packed)
        #expect(own.count == 4)
        func unpack(_ chunks: [[UInt8]]) throws -> [UInt8] {
            try ObjectEnvelope.unpack(Array(packed[..<head]) + chunks.flatMap(\.self), name: "n", key: Self.key)
        }
        #expect(try unpack(own) == content)
        #expect(throws: (any Error).self) { try unpack([own[1], own[0], own[2], own[3]]) }
        #expect(throws: (any Error).self) { try unpack(Array(own.dropLast())) }
        #expect(throws: (any Error).self) { try unpack([own[0], own[1], own[3]]) }
        #expect(throws: (any Error).self) { try unpack(own + [own[3]]) }
        #expect(throws: (any Error).self) { try unpack([chunks(again)[0]] + own[1...]) }
    }

    @Test func readsKeysInAllTheirForms() throws {
        let bytes = (0..<32).map { UInt8($0 * 7 & 255) }
        #expect(RepositoryKey(bytes)?.bytes == bytes)
        #expect(RepositoryKey(text: Digest.hex(bytes) + "\n")?.bytes == bytes)
        // Base64 of 32 zeros.
        #expect(RepositoryKey(text: String(repeating: "A", count: 43) + "=")?.bytes == [UInt8](repeating: 0, count: 32))
        #expect(RepositoryKey(text: "abc") == nil)
        #expect(RepositoryKey(Array(bytes.dropLast())) == nil)
        #expect("\(try #require(RepositoryKey(bytes)))" == "a key")
    }

    /// RFC 5869, test case 1, the first 32 bytes.
    @Test func derivesKeysAsTheRFCHasIt() {
        let secret = [UInt8](repeating: 0x0b, count: 22)
        let salt = Array<UInt8>(0x00...0x0c)
        let use = String(decoding: Array<UInt8>(0x00...0x7f), as: UTF8.self)
        let first = Digest.hmac(key: Digest.hmac(key: salt, secret), Array<UInt8>(0xf0...0xf9) + [1])
        #expect(Digest.hex(first) == "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf")
        #expect(Digest.derivedKey(secret: secret, salt: salt, use: use).count == 32)
    }
}
