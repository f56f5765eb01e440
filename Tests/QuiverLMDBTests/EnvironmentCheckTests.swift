import Testing
#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

@testable import QuiverLMDB

/// LMDB files of random content, undamaged and damaged.
struct EnvironmentCheckTests {
    struct Content: Equatable {
        /// Key and value of every entry, of every database.
        var entries: [String: [[UInt8]]] = [:]
    }

    static let databases: [(name: String, flags: Database.Flags)] = [
        ("plain", []), ("numbers", .integerKey), ("postings", .postings), ("sorted", .dupSort),
    ]

    /// Changes a file by some random transactions: values of all lengths, deletions, nested transactions, aborts.
    static func change(
        _ environment: Environment, transactions: Int, span: UInt32, using random: inout SeededGenerator
    ) throws {
        for _ in 0..<transactions {
            var transaction = try environment.beginWrite()
            var tables: [Database] = []
            for (name, flags) in databases { tables.append(try transaction.openDatabase(name, flags: flags, creating: true)) }
            try fill(&transaction, tables, span: span, using: &random)
            if Int.random(in: 0..<3, using: &random) == 0 {
                var local = random
                let keeps = Bool.random(using: &local)
                struct Undone: Error {}
                _ = try transaction.withChild { (child) throws(Undone) in
                    do { try fill(&child, tables, span: span, using: &local) } catch { throw Undone() }
                    if !keeps { throw Undone() }
                }
                random = local
            }
            if Int.random(in: 0..<12, using: &random) == 0 {
                try transaction.removeAll(tables[Int.random(in: 0..<4, using: &random)])
            }
            if Int.random(in: 0..<8, using: &random) == 0 { transaction.abort() } else { try transaction.commit() }
        }
    }

    private static func fill(
        _ transaction: inout WriteTransaction, _ tables: [Database], span: UInt32, using random: inout SeededGenerator
    ) throws {
        let deletes = Int.random(in: 0..<3, using: &random) == 0
        for _ in 0..<Int.random(in: 0...300, using: &random) {
            let number = UInt32.random(in: 0..<span, using: &random)
            let table = Int.random(in: 0..<4, using: &random)
            switch table {
            case 0:
                let key = Array("key \(number)".utf8) + Array(repeating: 7, count: Int(number % 97))
                if deletes {
                    try transaction.delete(tables[0], key)
                } else {
                    let count = Int.random(in: 0..<10, using: &random) == 0
                        ? Int.random(in: 0..<30_000, using: &random) : Int.random(in: 0..<200, using: &random)
                    try transaction.put(tables[0], key, (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ Int(number)) })
                }
            case 1:
                _ = try withUnsafeBytes(of: number) { bytes in
                    if deletes {
                        try transaction.delete(tables[1], bytes)
                    } else {
                        try transaction.putChecked(tables[1], bytes, Array("value of \(number)".utf8))
                    }
                }
            case 2:
                // A few keys with very many values, many with few.
                let key = ShortKey(number % 3 == 0 ? UInt64(number % 2) : UInt64(number))
                for _ in 0..<Int.random(in: 1..<20, using: &random) {
                    let slot = UInt32.random(in: 0..<(span * 4), using: &random)
                    if deletes { try transaction.removePosting(tables[2], key, slot) } else { try transaction.addPosting(tables[2], key, slot) }
                }
                if deletes, number % 7 == 0 { try transaction.delete(tables[2], key) }
            default:
                let key = Array("k\(number % 40)".utf8)
                let value = Array("v\(number)".utf8) + Array(repeating: 9, count: Int(number % 300))
                if deletes {
                    try transaction.delete(tables[3], key, value: value)
                } else {
                    try transaction.put(tables[3], key, value, .noDuplicate)
                }
            }
        }
    }

    /// All that LMDB reads of a file, by walking it both ways and looking up each key.
    static func read(_ path: String) throws -> Content {
        let environment = try Environment(path: path, options: .writeOnce)
        defer { try? environment.close() }
        var content = Content()
        for (name, flags) in databases {
            let table: Database
            do { table = try environment.openDatabase(name, flags: flags) } catch LMDBError.noSuchDatabase { continue }
            let transaction = try environment.beginRead()
            var entries: [[UInt8]] = []
            var cursor = try transaction.openCursor(table)
            var entry = try cursor.first()
            while let found = entry {
                entries.append(Array(found.key))
                entries.append(Array(found.value))
                entry = try cursor.next()
            }
            content.entries[name] = entries
            #expect(try transaction.entryCount(table) == entries.count / 2)
            for place in stride(from: 0, to: entries.count, by: 2) {
                #expect(try transaction.contains(table, entries[place]))
            }
        }
        return content
    }

    static func bytes(_ path: String) throws -> [UInt8] {
        let file = try #require(fopen(path, "rb"))
        defer { fclose(file) }
        fseek(file, 0, SEEK_END)
        var bytes = [UInt8](repeating: 0, count: ftell(file))
        rewind(file)
        #expect(fread(&bytes, 1, bytes.count, file) == bytes.count)
        return bytes
    }

    static func write(_ bytes: [UInt8], to path: String) throws {
        let file = try #require(fopen(path, "wb"))
        #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
        fclose(file)
    }

    @Test func soundFilesPass() throws {
        var random = SeededGenerator()
        for round in 0..<6 {
            let scratch = try Scratch()
            let path = scratch.path("a.mdb")
            let span: UInt32 = [40, 2000, 60_000][round % 3]
            for _ in 0..<4 {
                // Each opening has other free pages at hand; a reader keeps some from being used.
                let environment = try Environment(path: path, options: .init(mapSizeBytes: 256 << 20))
                try Self.change(environment, transactions: 4, span: span, using: &random)
                do {
                    let reader = try environment.beginRead()
                    try Self.change(environment, transactions: 4, span: span, using: &random)
                    _ = reader.id
                }
                try environment.close()
                let report = try EnvironmentCheck.run(path: path)
                #expect(report.findings == [])
                #expect(report.databases.map(\.name).sorted() == ["numbers", "plain", "postings", "sorted"])
                #expect(report.reachedPageCount + report.freePageCount + 2 == report.pageCount)
            }
            // LMDB's own copies.
            let environment = try Environment(path: path)
            for compacting in [false, true] {
                let copy = scratch.path("copy \(compacting)")
                let descriptor = open(copy, O_WRONLY | O_CREAT, 0o644)
                try environment.copyOut(toFileDescriptor: descriptor, compacting: compacting)
                close(descriptor)
                #expect(try EnvironmentCheck.run(path: copy).findings == [])
                #expect(try Self.read(copy) == Self.read(path))
            }
            try environment.close()
        }
    }

    @Test func anEmptyFilePasses() throws {
        let scratch = try Scratch()
        let environment = try Environment(path: scratch.path("a"))
        try environment.close()
        let report = try EnvironmentCheck.run(path: scratch.path("a"))
        #expect(report.findings == [] && report.transactionID == 0)
    }

    /// What gets through the check reads as if nothing had happened.
    @Test(arguments: 0..<4) func damageIsFoundOrHarmless(part: Int) throws {
        var random = SeededGenerator()
        let scratch = try Scratch()
        let path = scratch.path("a.mdb")
        let environment = try Environment(path: path, options: .init(mapSizeBytes: 256 << 20))
        try Self.change(environment, transactions: 12, span: [60, 3000, 3000, 20_000][part], using: &random)
        try environment.close()
        let sound = try Self.bytes(path)
        let content = try Self.read(path)
        let damaged = scratch.path("b.mdb")
        var found = 0
        var harmless = 0
        for _ in 0..<150 {
            var bytes = sound
            if Int.random(in: 0..<12, using: &random) == 0 {
                bytes.removeLast(Int.random(in: 1...bytes.count, using: &random))
            } else {
                // Most of what LMDB trusts is at the beginning of pages.
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    let page = Int.random(in: 0..<(bytes.count / 4096), using: &random)
                    let offset = Bool.random(using: &random)
                        ? Int.random(in: 0..<4096, using: &random) : Int.random(in: 0..<160, using: &random)
                    bytes[page * 4096 + offset] ^= Bool.random(using: &random)
                        ? 1 << UInt8.random(in: 0..<8, using: &random) : UInt8.random(in: 1...255, using: &random)
                }
            }
            try Self.write(bytes, to: damaged)
            let report = try EnvironmentCheck.run(path: damaged)
            if !report.isSound {
                found += 1
                continue
            }
            // Content of values and keys is not the check's, but LMDB must be able to go through all of it.
            let after = try? Self.read(damaged)
            if after == content { harmless += 1 }
            #expect(after != nil || bytes.count < sound.count)
            // Writing works, too.
            let environment = try Environment(path: damaged, options: .init(mapSizeBytes: 256 << 20))
            try Self.change(environment, transactions: 2, span: 3000, using: &random)
            try environment.close()
        }
        print("\(found) found, \(harmless) harmless of 150")
        #expect(found > 5)
    }
}
