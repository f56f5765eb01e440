@testable import QuiverLMDB
import Testing
#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

@Suite struct SpaceTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    private func fill(_ environment: Environment, _ table: Database, _ keys: Range<UInt32>) throws(LMDBError) {
        let value = [UInt8](repeating: 5, count: 3000)
        var write = try environment.beginWrite()
        for number in keys { try write.put(table, key(number), value) }
        try write.commit()
    }

    @Test func aFullMapHarmsNothingAndGrows() throws {
        let environment = try Environment(path: scratch.path("a.mdb"), options: .init(mapSizeBytes: 1 << 20))
        let table = try environment.openDatabase("t", creating: true)
        try fill(environment, table, 0..<50)
        #expect(throws: LMDBError.mapFull) { try fill(environment, table, 50..<2000) }
        #expect(LMDBError.mapFull.isRecoverable)
        do {
            let read = try environment.beginRead()
            #expect(try read.entryCount(table) == 50)
            // A live reader holds the gate open, and the refusal leaves it open.
            #expect(throws: LMDBError.busy) { try environment.growMap(to: 1 << 25, timeoutMs: 20) }
            #expect(try read.bytes(table, key(49))?.count == 3000)
        }
        try environment.growMap(to: 1 << 25)
        #expect(try environment.info().mapSizeBytes == 1 << 25)
        try fill(environment, table, 50..<2000)
        try environment.close()
        let again = try Environment(path: scratch.path("a.mdb"))
        #expect(try again.info().mapSizeBytes == 1 << 25)
        let reopened = try again.openDatabase("t")
        let read = try again.beginRead()
        #expect(try read.entryCount(reopened) == 2000)
    }

    @Test func aMapThatCannotBeEnlargedIsKept() throws {
        let environment = try Environment(path: scratch.path("a.mdb"), options: .init(mapSizeBytes: 1 << 20))
        let table = try environment.openDatabase("t", creating: true)
        try fill(environment, table, 0..<50)
        // More than a process can address.
        #expect(throws: LMDBError.mapFull) { try environment.growMap(to: 1 << 60) }
        #expect(try environment.info().mapSizeBytes == 1 << 20)
        try fill(environment, table, 50..<60)
        #expect(try environment.beginRead().entryCount(table) == 60)
    }

    @Test func anEnvironmentThatIsOpenedAnewGoesOn() throws {
        let environment = try Environment(path: scratch.path("a.mdb"), options: .init(mapSizeBytes: 1 << 24))
        let tables = try (0..<5).map { try environment.openDatabase("t\($0)", creating: true) }
        try fill(environment, tables[3], 0..<50)
        // As after a root that could not be written; here none has failed.
        try environment.gate.holdExclusively(timeoutMs: 1000)
        #expect(environment.reopenHeld(mapSizeBytes: nil))
        environment.gate.releaseExclusively()
        #expect(environment.isDurable)
        #expect(try environment.info().mapSizeBytes == 1 << 24)
        #expect(try environment.beginRead().entryCount(tables[3]) == 50)
        try fill(environment, tables[4], 0..<7)
        let read = try environment.beginRead()
        #expect(try tables.map { try read.entryCount($0) } == [0, 0, 0, 50, 7])
    }

    @Test func aFullMapInAChildLeavesTheParent() throws {
        let environment = try Environment(path: scratch.path("a.mdb"), options: .init(mapSizeBytes: 1 << 20))
        let table = try environment.openDatabase("t", creating: true)
        var write = try environment.beginWrite()
        try write.put(table, "parent", [1])
        let outcome = try write.withChild { (child) throws(LMDBError) in
            for number in UInt32(0)..<2000 { try child.put(table, key(number), [UInt8](repeating: 5, count: 3000)) }
        }
        #expect(throws: LMDBError.mapFull) { try outcome.get() }
        try write.put(table, "after", [2])
        try write.commit()
        let read = try environment.beginRead()
        #expect(try read.entryCount(table) == 2)
    }

    @Test func removedEntriesGiveTheirPagesToLaterOnes() throws {
        let environment = try Environment(path: scratch.path("a.mdb"), options: .init(mapSizeBytes: 1 << 26))
        let table = try environment.openDatabase("t", creating: true)
        try fill(environment, table, 0..<2000)
        let usedBytes = try environment.info().usedBytes
        for round in 0..<4 {
            if round % 2 == 0 {
                var write = try environment.beginWrite()
                try write.removeAll(table)
                #expect(try write.entryCount(table) == 0)
                try write.commit()
                #expect(try environment.freePageCount() >= 1900)
                try fill(environment, table, 0..<2000)
            } else {
                try environment.deleteDatabase("t")
                #expect(throws: LMDBError.noSuchDatabase(name: "t")) { try environment.openDatabase("t") }
                #expect(throws: LMDBError.noSuchDatabase(name: "t")) { try environment.deleteDatabase("t") }
                try fill(environment, try environment.openDatabase("t", creating: true), 0..<2000)
            }
        }
        // Freed pages serve from the second commit on; without that there would be five times as many.
        #expect(try environment.info().usedBytes < usedBytes * 5 / 2)
    }

    @Test(arguments: [false, true]) func aCopyOpensAndIsEqual(compacting: Bool) throws {
        let environment = try Environment(path: scratch.path("a.mdb"), options: .init(mapSizeBytes: 1 << 26))
        let table = try environment.openDatabase("t", creating: true)
        let index = try environment.openDatabase("i", flags: .postings, creating: true)
        try fill(environment, table, 0..<1000)
        var write = try environment.beginWrite()
        for number in UInt32(0)..<500 { try write.delete(table, key(number)) }
        for slot in UInt32(0)..<3000 { try write.addPosting(index, key(slot % 7), slot) }
        try write.commit()

        let path = scratch.path("copy.mdb")
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        try #require(descriptor >= 0)
        try environment.copyOut(toFileDescriptor: descriptor, compacting: compacting)
        let sizeBytes = lseek(descriptor, 0, SEEK_END)
        close(descriptor)

        let copy = try Environment(path: path, options: .writeOnce)
        // Opened without locks it maps no more than there is, and any number of times.
        #expect(try copy.info().mapSizeBytes <= sizeBytes)
        let second = try Environment(path: path, options: .writeOnce)
        #expect(try second.info().lastTransactionID == copy.info().lastTransactionID)
        #expect(access(path + "-lock", F_OK) != 0)
        #expect(throws: LMDBError.permissionDenied(path: path)) { try copy.beginWrite().abort() }
        for (name, flags) in [("t", Database.Flags()), ("i", .postings)] {
            let original = try environment.openDatabase(name, flags: flags)
            let copied = try copy.openDatabase(name, flags: flags)
            let left = try environment.beginRead(), right = try copy.beginRead()
            var leftCursor = try left.openCursor(original), rightCursor = try right.openCursor(copied)
            var leftEntry = try leftCursor.first(), rightEntry = try rightCursor.first()
            var count = 0
            while let one = leftEntry, let other = rightEntry {
                #expect(one.key.elementsEqual(other.key) && one.value.elementsEqual(other.value))
                leftEntry = try leftCursor.next()
                rightEntry = try rightCursor.next()
                count += 1
            }
            #expect(leftEntry == nil && rightEntry == nil)
            #expect(try count == left.entryCount(original))
        }
    }

    @Test func filesThatAreNoneAreToldApart() throws {
        let absent = scratch.path("absent.mdb")
        #expect(throws: LMDBError.noSuchFile(path: absent)) { try Environment(path: absent, options: .writeOnce) }
        let path = scratch.path("junk.mdb")
        let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
        let junk = [UInt8](repeating: 0x5A, count: 8192)
        #expect(write(descriptor, junk, junk.count) == junk.count)
        close(descriptor)
        #expect(throws: LMDBError.invalidFile(path: path)) { try Environment(path: path, options: .writeOnce) }
        #expect(throws: LMDBError.invalidFile(path: path)) { try Environment(path: path) }
    }

    /// A tmpfs of 4 MiB stands for the disk. Mounting needs root.
    @Test(.enabled(if: TinyDisk.isPossible, "mounting a tmpfs is not permitted here"))
    func aFullDiskIsRecoverable() throws {
        let disk = try TinyDisk(mountedAt: scratch.path("disk"))
        defer { disk.unmount() }
        let environment = try Environment(path: disk.path + "/a.mdb", options: .init(mapSizeBytes: 1 << 26))
        let table = try environment.openDatabase("t", creating: true)
        try fill(environment, table, 0..<100)
        do {
            try fill(environment, table, 100..<5000)
            Issue.record("the disk took more than it holds")
        } catch {
            guard case .diskFull = error else {
                Issue.record("\(error)")
                return
            }
            #expect(error.isRecoverable)
        }
        let read = try environment.beginRead()
        #expect(try read.entryCount(table) == 100)
        read.end()
        disk.enlarge()
        try fill(environment, table, 100..<5000)
        try environment.close()
    }
}

#if canImport(Glibc)
struct TinyDisk {
    let path: String

    init(mountedAt path: String) throws {
        self.path = path
        try #require(mkdir(path, 0o700) == 0)
        try #require(mount("tmpfs", path, "tmpfs", 0, "size=4m") == 0)
    }

    func enlarge() { _ = mount("tmpfs", path, "tmpfs", UInt(MS_REMOUNT), "size=64m") }

    func unmount() {
        umount2(path, Int32(MNT_DETACH))
        rmdir(path)
    }

    static let isPossible: Bool = {
        guard getuid() == 0, let scratch = try? Scratch(), let disk = try? TinyDisk(mountedAt: scratch.path("try")) else {
            return false
        }
        disk.unmount()
        return true
    }()
}
#else
struct TinyDisk {
    let path: String
    init(mountedAt path: String) throws { self.path = path }
    func enlarge() {}
    func unmount() {}
    static let isPossible = false
}
#endif
