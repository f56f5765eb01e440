import QuiverLMDB
import Testing
#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

@Suite struct DirectoryLockTests {
    @Test func oneHolderAtATime() throws {
        let scratch = try Scratch()
        do {
            let lock = try DirectoryLock(directory: scratch.directory)
            let expected = DirectoryLockError.heldBy(processID: getpid(), path: lock.path)
            #expect(throws: expected) { _ = try DirectoryLock(directory: scratch.directory) }
            #expect(expected.description.contains("process \(getpid())"))
        }
        _ = try DirectoryLock(directory: scratch.directory)
    }

    /// A refused attempt gives its descriptor back once: a second time it would close a file of somebody else's.
    @Test func refusedAttemptsCloseNothingElse() async throws {
        let scratch = try Scratch()
        let lock = try DirectoryLock(directory: scratch.directory)
        let directory = scratch.directory
        async let attempts: Void = Task.detached {
            for _ in 0..<5000 { _ = try? DirectoryLock(directory: directory) }
        }.value
        var lost = 0
        for _ in 0..<20_000 {
            let descriptor = open("/dev/null", O_RDONLY)
            if close(descriptor) != 0 { lost += 1 }
        }
        await attempts
        #expect(lost == 0)
        #expect(!lock.path.isEmpty)
    }

    /// One that only reads keeps others out, leaves the file as it is, and makes none.
    @Test func readingChangesNothing() throws {
        let scratch = try Scratch()
        let path = scratch.directory + "/LOCK"
        do {
            let none = try DirectoryLock(reading: scratch.directory)
            #expect(access(none.path, F_OK) != 0)
            _ = try DirectoryLock(directory: scratch.directory)
        }
        // Of a process that is gone, whose number nobody is told.
        let file = open(path, O_WRONLY | O_TRUNC)
        #expect(write(file, "2147483647\n", 11) == 11)
        close(file)
        do {
            let lock = try DirectoryLock(reading: scratch.directory)
            let expected = DirectoryLockError.heldBy(processID: nil, path: lock.path)
            #expect(throws: expected) { _ = try DirectoryLock(directory: scratch.directory) }
            #expect(throws: expected) { _ = try DirectoryLock(reading: scratch.directory) }
        }
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_size == 11)
        let lock = try DirectoryLock(directory: scratch.directory)
        #expect(throws: DirectoryLockError.heldBy(processID: getpid(), path: lock.path)) {
            _ = try DirectoryLock(reading: scratch.directory)
        }
    }

    @Test func anAbsentDirectoryIsAnError() {
        #expect(throws: DirectoryLockError.failed(code: ENOENT, path: "/absent/directory/LOCK")) {
            _ = try DirectoryLock(directory: "/absent/directory")
        }
    }
}
