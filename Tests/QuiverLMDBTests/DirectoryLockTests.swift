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

    @Test func anAbsentDirectoryIsAnError() {
        #expect(throws: DirectoryLockError.failed(code: ENOENT, path: "/absent/directory/LOCK")) {
            _ = try DirectoryLock(directory: "/absent/directory")
        }
    }
}
