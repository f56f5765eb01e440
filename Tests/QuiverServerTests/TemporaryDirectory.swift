#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A directory that exists while a test runs.
struct TemporaryDirectory {
    let path: String

    init() {
        var template = Array("/tmp/quiver-server-test-XXXXXX".utf8CString)
        path = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) } ?? ""
        }
        precondition(!path.isEmpty, "no temporary directory")
    }

    func remove() {
        nftw(path, { file, _, _, _ in file.map { removeFile($0) } ?? 0 }, 16, Int32(FTW_DEPTH.rawValue | FTW_PHYS.rawValue))
    }
}

private func removeFile(_ path: UnsafePointer<CChar>) -> Int32 { remove(path) }
