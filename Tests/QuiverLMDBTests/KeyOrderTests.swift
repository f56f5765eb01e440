import QuiverLMDB
import Testing

@Suite struct KeyOrderTests {
    private func bytes(_ key: ShortKey) -> [UInt8] { key.withBytes { Array($0) } }

    @Test func numbersSortAsTheirKeys() throws {
        var generator = SeededGenerator()
        var doubles: [Double] = [
            0, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .infinity, -.infinity, .greatestFiniteMagnitude, 1, -1,
        ]
        while doubles.count < 500 {
            let value = Double(bitPattern: generator.next())
            if !value.isNaN { doubles.append(value) }
        }
        let doubleKeys = try doubles.map { (bytes(ShortKey(try #require(KeyOrder.bits(of: $0)))), $0) }
        #expect(doubleKeys.sorted { $0.0.lexicographicallyPrecedes($1.0) }.map(\.1) == doubles.sorted())
        for value in doubles { #expect(KeyOrder.bits(of: value).map { KeyOrder.double(from: $0) } == value) }
        #expect(KeyOrder.bits(of: -0.0) == KeyOrder.bits(of: 0.0))
        #expect(KeyOrder.bits(of: Double.nan) == nil)

        var integers = [Int64.min, -1, 0, 1, .max]
        for shift in UInt64(0)..<500 { integers.append(Int64(bitPattern: generator.next() >> (shift % 64))) }
        let integerKeys = integers.map { (bytes(ShortKey(KeyOrder.bits(of: $0))), $0) }
        #expect(integerKeys.sorted { $0.0.lexicographicallyPrecedes($1.0) }.map(\.1) == integers.sorted())
        for value in integers { #expect(KeyOrder.int64(from: KeyOrder.bits(of: value)) == value) }
    }

    @Test func compositeKeysSortAsTheirParts() throws {
        var generator = SeededGenerator()
        let parts = (0..<400).map { _ in
            (
                (0..<Int.random(in: 0..<5, using: &generator)).map { _ in UInt8.random(in: 0..<3, using: &generator) },
                UInt32.random(in: 0..<3, using: &generator)
            )
        }
        let keys = try parts.map { part in
            try withKeyWriter { writer in
                part.0.withUnsafeBytes { writer.append(terminating: $0) }
                writer.append(part.1)
                return Array(try writer.bytes())
            }
        }
        for left in parts.indices {
            for right in parts.indices {
                let isBefore = parts[left].0 == parts[right].0
                    ? parts[left].1 < parts[right].1 : parts[left].0.lexicographicallyPrecedes(parts[right].0)
                #expect(keys[left].lexicographicallyPrecedes(keys[right]) == isBefore)
            }
        }
    }

    @Test func shortKeysHoldTheirParts() {
        var tagged = ShortKey()
        tagged.append(UInt8(2))
        tagged.append(UInt64(0x0102_0304_0506_0708))
        tagged.append(UInt64(9))
        #expect(bytes(tagged) == [2, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 9])
    }

    @Test func aKeyThatDoesNotFitIsRefused() {
        #expect(throws: LMDBError.keyTooLong(byteCount: 520)) {
            try withKeyWriter { writer in
                for _ in 0..<65 { writer.append(UInt64(1)) }
                _ = try writer.bytes()
            }
        }
        #expect(throws: LMDBError.keyTooLong(byteCount: 512)) {
            try withKeyWriter { writer in
                for _ in 0..<64 { writer.append(UInt64(1)) }
                _ = try writer.bytes()
            }
        }
    }
}
