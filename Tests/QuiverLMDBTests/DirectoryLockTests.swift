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

    @Test func anAbsentDirectoryIsAnError() {
        #expect(throws: DirectoryLockError.failed(code: ENOENT, path: "/absent/directory/LOCK")) {
            _ = try DirectoryLock(directory: "/absent/directory")
        }
    }
}
