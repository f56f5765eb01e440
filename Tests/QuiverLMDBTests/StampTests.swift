import Testing
#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

@testable import QuiverLMDB

struct ChecksumTests {
    /// The examples of RFC 3720, B.4, and the usual one.
    @Test func examplesOfTheStandard() {
        let examples: [([UInt8], UInt32)] = [
            (Array(repeating: 0, count: 32), 0x8A91_36AA),
            (Array(repeating: 0xFF, count: 32), 0x62A8_AB43),
            (Array(0..<32), 0x46DD_794E),
            (Array((0..<32).reversed()), 0x113F_DB5C),
            (Array("123456789".utf8), 0xE306_9283),
            ([], 0),
        ]
        for (bytes, checksum) in examples {
            #expect(bytes.withUnsafeBytes { CRC32C.of($0) } == checksum)
            #expect(bytes.withUnsafeBytes { CRC32C.portable($0) } == checksum)
        }
    }

    @Test func bothWaysAgree() {
        var random = SeededGenerator()
        for _ in 0..<300 {
            let bytes = (0..<Int.random(in: 0..<200, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            bytes.withUnsafeBytes { bytes in
                let cut = bytes.isEmpty ? 0 : Int.random(in: 0..<bytes.count, using: &random)
                let start = Int.random(in: 0...cut, using: &random)
                let whole = UnsafeRawBufferPointer(rebasing: bytes[start...])
                #expect(CRC32C.of(whole) == CRC32C.portable(whole))
                let first = CRC32C.of(UnsafeRawBufferPointer(rebasing: bytes[start..<cut]))
                #expect(CRC32C.of(UnsafeRawBufferPointer(rebasing: bytes[cut...]), after: first) == CRC32C.of(whole))
            }
        }
    }

    /// No flipped bit gets past, in key or value.
    @Test func flippedBitsAreFound() throws {
        let stored = CheckedValue.stored(Array("a value".utf8), key: ShortKey(UInt32(7)))
        let isSound = { (bytes: [UInt8], key: UInt32) in
            bytes.withUnsafeBytes { bytes in
                ShortKey(key).withBytes { CheckedValue.isSound(bytes, key: $0) }
            }
        }
        #expect(isSound(stored, 7) && !isSound(stored, 8))
        for bit in 0..<stored.count * 8 {
            var bytes = stored
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!isSound(bytes, 7))
        }
    }
}

struct StampTests {
    private func environment(_ scratch: Scratch) throws -> Environment {
        try Environment(path: scratch.path("a"), options: .init(freshLock: true, stamped: true))
    }

    private func commit(_ environment: Environment, _ value: UInt8) throws {
        var transaction = try environment.beginWrite()
        try transaction.put(.main, Array("k".utf8), [value])
        try transaction.commit()
    }

    @Test func followsEachCommit() throws {
        let scratch = try Scratch()
        let path = scratch.path("a")
        let environment = try environment(scratch)
        try commit(environment, 0)
        #expect(try EnvironmentStamp.judge(path) == .differs("it has no stamp"))
        try environment.startStamping()
        #expect(try EnvironmentStamp.judge(path) == .fits)
        for value in 1..<20 as Range<UInt8> {
            try commit(environment, value)
            #expect(try EnvironmentStamp.judge(path) == .fits)
            // Killed in the middle of a transaction, or after it was given up.
            var transaction = try environment.beginWrite()
            try transaction.put(.main, Array("other".utf8), [value])
            #expect(try EnvironmentStamp.read(EnvironmentStamp.path(of: path))?.state == .underWay)
            #expect(try EnvironmentStamp.judge(path) == .fits)
            transaction.abort()
            #expect(try EnvironmentStamp.read(EnvironmentStamp.path(of: path))?.state == .atRest)
        }
        _ = try environment.openDatabase("named", creating: true)
        #expect(try EnvironmentStamp.judge(path) == .fits)
        try environment.deleteDatabase("named")
        #expect(try EnvironmentStamp.judge(path) == .fits)
        try environment.close()
        #expect(try EnvironmentStamp.judge(path) == .fits)
    }

    @Test func toldByWhatDiffers() throws {
        let scratch = try Scratch()
        let path = scratch.path("a")
        let environment = try environment(scratch)
        try environment.startStamping()
        for value in 0..<5 as Range<UInt8> { try commit(environment, value) }
        var transaction = try environment.beginWrite()
        try transaction.put(.main, Array("k".utf8), [9])
        var stamp = try #require(try EnvironmentStamp.read(EnvironmentStamp.path(of: path)))
        transaction.abort()
        try environment.close()
        let bytes = try EnvironmentCheckTests.bytes(path)

        // The machine was started anew meanwhile.
        stamp.bootID = BootID(high: 1, low: 2)
        try write(stamp, path)
        #expect(try EnvironmentStamp.judge(path) == .differs("the machine went down during a write"))
        stamp.state = .failed
        try write(stamp, path)
        #expect(try EnvironmentStamp.judge(path) == .differs("a commit has failed"))
        // Somebody has written to the file.
        stamp.state = .atRest
        stamp.file = try #require(FileLook(path: path))
        try write(stamp, path)
        #expect(try EnvironmentStamp.judge(path) == .fits)
        usleep(20_000)
        try EnvironmentCheckTests.write(bytes, to: path)
        #expect(try EnvironmentStamp.judge(path) == .differs("something has written to it"))
        // The newest meta page became the older one.
        let transactionID = try #require(try EnvironmentCheck.newestTransaction(path: path))
        var older = bytes
        let place = Int(transactionID & 1) * 4096 + 144
        #expect(older[place] == UInt8(transactionID))
        older[place] -= 2
        try EnvironmentCheckTests.write(older, to: path)
        #expect(
            try EnvironmentStamp.judge(path) == .outdated(newest: transactionID - 1, stamped: transactionID))
        // A stamp of which both places are damaged counts as none.
        try EnvironmentCheckTests.write(Array(repeating: 7, count: 256), to: EnvironmentStamp.path(of: path))
        #expect(try EnvironmentStamp.judge(path) == .differs("it has no stamp"))
    }

    private func write(_ stamp: EnvironmentStamp, _ path: String) throws {
        var bytes = [UInt8](repeating: 0, count: EnvironmentStamp.placeBytes)
        bytes.withUnsafeMutableBytes { bytes in
            if let base = bytes.baseAddress { stamp.store(to: base) }
        }
        try EnvironmentCheckTests.write(bytes, to: EnvironmentStamp.path(of: path))
    }

    @Test func damagedLockFilesDoNotMatter() throws {
        var random = SeededGenerator()
        let scratch = try Scratch()
        for round in 0..<6 {
            let environment = try environment(scratch)
            try commit(environment, UInt8(round))
            try environment.close()
            try EnvironmentCheckTests.write(
                (0..<8192).map { _ in UInt8.random(in: 0...255, using: &random) }, to: scratch.path("a-lock"))
        }
    }
}

struct RepairTests {
    @Test func aDatabaseIsEmptiedPastLMDB() throws {
        let scratch = try Scratch()
        let path = scratch.path("a")
        let environment = try Environment(path: path)
        var transaction = try environment.beginWrite()
        let one = try transaction.openDatabase("one", flags: .postings, creating: true)
        let two = try transaction.openDatabase("two", creating: true)
        for number in 0..<5000 as Range<UInt32> {
            try transaction.addPosting(one, ShortKey(number % 50), number)
            try transaction.put(two, ShortKey(number), [1])
        }
        try transaction.commit()
        try environment.close()
        var report = try EnvironmentCheck.run(path: path)
        try EnvironmentRepair.empty(try #require(report.databases.first { $0.name == "one" }), path: path)
        report = try EnvironmentCheck.run(path: path)
        #expect(report.findings == [])
        #expect(report.databases.map(\.entryCount) == [0, 5000])
        let again = try Environment(path: path)
        var change = try again.beginWrite()
        let table = try change.openDatabase("one", flags: .postings)
        try change.addPosting(table, ShortKey(UInt32(1)), 1)
        try change.commit()
        try again.close()
        #expect(try EnvironmentCheck.run(path: path).findings == [])
    }
}
