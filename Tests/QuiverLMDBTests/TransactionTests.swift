import QuiverLMDB
import Synchronization
import Testing
#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

@Suite struct TransactionTests {
    let scratch: Scratch
    let environment: Environment
    let table: Database

    init() throws {
        scratch = try Scratch()
        environment = try Environment(path: scratch.path("a.mdb"), options: .init(mapSizeBytes: 1 << 26, maxReaders: 4))
        table = try environment.openDatabase("table", creating: true)
    }

    @Test func whatIsPutIsFoundAfterReopening() throws {
        let long = [UInt8](repeating: 7, count: 100_000)
        var write = try environment.beginWrite()
        #expect(try write.put(table, "one", [1, 2, 3]))
        #expect(try !write.put(table, "one", [9], .noOverwrite))
        #expect(try write.put(table, "two", long))
        let room = try #require(try write.putReserving(table, "three", byteCount: 4))
        room.storeBytes(of: 0x0403_0201, as: UInt32.self)
        #expect(try write.putReserving(table, "three", byteCount: 4, .noOverwrite) == nil)
        #expect(try write.put(table, "empty", [UInt8]()))
        #expect(try write.bytes(table, "one") == [1, 2, 3])
        let id = try write.commit()

        #expect(throws: LMDBError.alreadyOpen(path: environment.path)) { try Environment(path: environment.path) }
        try environment.close()
        try environment.close()
        #expect(throws: LMDBError.closed) { try environment.beginRead().end() }

        let again = try Environment(path: environment.path)
        let reopened = try again.openDatabase("table")
        let read = try again.beginRead()
        #expect(read.id >= id)
        #expect(try read.bytes(reopened, "one") == [1, 2, 3])
        #expect(try read.bytes(reopened, "two") == long)
        #expect(try read.bytes(reopened, "three") == [1, 2, 3, 4])
        #expect(try read.bytes(reopened, "empty") == [])
        #expect(try read.bytes(reopened, "four") == nil)
        #expect(try read.contains(reopened, "one"))
        #expect(try read.entryCount(reopened) == 4)
    }

    @Test func deletesTellWhetherThereWasAnything() throws {
        var write = try environment.beginWrite()
        try write.put(table, "a", [1])
        #expect(try write.delete(table, "a"))
        #expect(try !write.delete(table, "a"))
        #expect(try write.entryCount(table) == 0)
        try write.commit()
    }

    @Test func keysAndAppendsAreChecked() throws {
        var write = try environment.beginWrite()
        #expect(throws: LMDBError.keyTooLong(byteCount: 512)) {
            try write.put(table, [UInt8](repeating: 1, count: 512), [1])
        }
        #expect(throws: LMDBError.badSize(keyByteCount: 0, valueByteCount: 1)) { try write.put(table, [UInt8](), [1]) }
        #expect(try write.put(table, [UInt8](repeating: 1, count: LMDBLimits.keyByteCount), [1]))
        try write.put(table, key(7 << 24), [1], .append)
        #expect(throws: LMDBError.appendOutOfOrder) { try write.put(table, key(6 << 24), [1], .append) }
        // The refusals spoil nothing.
        try write.commit()
        let read = try environment.beginRead()
        #expect(try read.entryCount(table) == 2)
    }

    @Test func anAbortedTransactionLeavesNothing() throws {
        var write = try environment.beginWrite()
        try write.put(table, "a", [1])
        let fresh = try write.openDatabase("fresh", creating: true)
        try write.put(fresh, "a", [1])
        write.abort()
        let read = try environment.beginRead()
        #expect(try !read.contains(table, "a"))
        read.end()
        #expect(throws: LMDBError.noSuchDatabase(name: "fresh")) { try environment.openDatabase("fresh") }
    }

    @Test func aDatabaseOpenedByTheWriterIsKnownAfterItsCommit() throws {
        let before = try environment.beginRead()
        var write = try environment.beginWrite()
        let fresh = try write.openDatabase("fresh", flags: .postings, creating: true)
        try write.addPosting(fresh, "a", 3)
        try write.commit()
        #expect(throws: LMDBError.badDatabase) { try before.get(fresh, "a") }
        before.end()
        #expect(try environment.openDatabase("fresh", flags: .postings) == fresh)
        #expect(throws: LMDBError.incompatibleDatabase) { try environment.openDatabase("fresh") }
        let read = try environment.beginRead()
        #expect(try read.duplicateCount(fresh, "a") == 1)
    }

    @Test func aChildThatThrowsIsUndoneAndItsNeighboursStay() throws {
        struct Refused: Error, Equatable { var reason: Int }
        var write = try environment.beginWrite()
        try write.put(table, "outer", [0])
        for number in UInt8(0)..<10 {
            let outcome = try write.withChild { (child) throws(Refused) -> UInt8 in
                for part in UInt8(0)..<50 { _ = try? child.put(table, [number, part], [number]) }
                if number % 3 == 0 { throw Refused(reason: Int(number)) }
                return number
            }
            switch outcome {
            case .success(let answer): #expect(answer == number && number % 3 != 0)
            case .failure(let refused): #expect(refused.reason == Int(number) && number % 3 == 0)
            }
        }
        try write.commit()
        let read = try environment.beginRead()
        #expect(try read.entryCount(table) == 1 + 6 * 50)
        for number in UInt8(0)..<10 { #expect(try read.contains(table, [number, 49]) == (number % 3 != 0)) }
    }

    @Test func aReaderKeepsItsMoment() throws {
        var write = try environment.beginWrite()
        try write.put(table, "a", [1])
        let first = try write.commit()
        let old = try environment.beginRead()
        write = try environment.beginWrite()
        try write.put(table, "a", [2])
        let second = try write.commit()
        let new = try environment.beginRead()
        #expect(old.id == first && new.id == second && second == first + 1)
        #expect(try old.bytes(table, "a") == [1])
        #expect(try new.bytes(table, "a") == [2])
    }

    @Test func theReaderPoolIsBoundedAndReused() throws {
        do {
            let one = try environment.beginRead(), two = try environment.beginRead()
            let three = try environment.beginRead(), four = try environment.beginRead()
            #expect(throws: LMDBError.readersFull) { try environment.beginRead().end() }
            #expect(LMDBError.readersFull.isRecoverable)
            two.end()
            let five = try environment.beginRead()
            #expect(throws: LMDBError.readersFull) { try environment.beginRead().end() }
            for transaction in [one.id, three.id, four.id, five.id] { #expect(transaction == one.id) }
        }
        for _ in 0..<100 { try environment.beginRead().end() }
        #expect(try environment.info().usedReaderSlots == 4)
        #expect(try environment.staleReaderCheck() == 0)
    }

    /// Every commit writes one number to all keys; a reader must never see two.
    @Test func readersBesideAWriterSeeWholeCommits() throws {
        let keyCount: UInt32 = 40
        let environment = environment, table = table
        let isDone = Atomic(false), torn = Atomic(0), reads = Atomic(0), backwards = Atomic(0)
        func runReader() {
            var lastID = 0
            repeat {
                guard let read = try? environment.beginRead() else { continue }
                var seen: Set<[UInt8]?> = []
                for index in 0..<keyCount { seen.insert((try? read.bytes(table, key(index))) ?? nil) }
                if seen.count != 1 { torn.add(1, ordering: .relaxed) }
                if read.id < lastID { backwards.add(1, ordering: .relaxed) }
                lastID = read.id
                reads.add(1, ordering: .relaxed)
            } while !isDone.load(ordering: .relaxed)
        }
        try withThreads(3, runReader) {
            for round in UInt8(0)..<150 {
                var write = try environment.beginWrite()
                for index in 0..<keyCount { try write.put(table, key(index), [round, round]) }
                try write.commit()
            }
            isDone.store(true, ordering: .relaxed)
        }
        #expect(torn.load(ordering: .relaxed) == 0 && backwards.load(ordering: .relaxed) == 0)
        #expect(reads.load(ordering: .relaxed) > 3)
    }

    @Test func writersOfSeveralThreadsTakeTurns() throws {
        let environment = environment, table = table
        func increment() {
            for _ in 0..<25 {
                guard var write = try? environment.beginWrite() else { return }
                let before = (try? write.bytes(table, "n"))??.first ?? 0
                _ = try? write.put(table, "n", [before + 1])
                _ = try? write.commit()
            }
        }
        try withThreads(4, increment) {}
        let read = try environment.beginRead()
        #expect(try read.bytes(table, "n") == [100])
    }
}

/// Runs `work` on threads of their own while `body` runs on this one, and waits for all.
func withThreads(_ count: Int, _ work: @escaping () -> Void, _ body: () throws -> Void) throws {
    final class Box { let work: () -> Void; init(_ work: @escaping () -> Void) { self.work = work } }
    var threads: [pthread_t] = []
    for _ in 0..<count {
        var thread = pthread_t()
        let argument = Unmanaged.passRetained(Box(work)).toOpaque()
        let code = pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().work() }
                return nil
            }, argument)
        try #require(code == 0)
        threads.append(thread)
    }
    let outcome = Result { try body() }
    for thread in threads { pthread_join(thread, nil) }
    try outcome.get()
}
