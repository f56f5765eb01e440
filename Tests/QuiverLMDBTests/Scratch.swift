import QuiverLMDB
import Testing
#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A directory of its own, removed with the value.
final class Scratch {
    let directory: String

    init(in parent: String? = nil) throws {
        let base = parent ?? getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(base)/quiver-lmdb-XXXXXX".utf8CString)
        let made = try #require(mkdtemp(&template))
        directory = String(cString: made)
    }

    func path(_ name: String) -> String { "\(directory)/\(name)" }

    deinit {
        if let listing = opendir(directory) {
            while let entry = readdir(listing) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                unlink("\(directory)/\(name)")
            }
            closedir(listing)
        }
        rmdir(directory)
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014). The seed is printed; `QUIVER_TEST_SEED` runs it again.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(_ test: String = #function) {
        let given = getenv("QUIVER_TEST_SEED").flatMap { UInt64(String(cString: $0)) }
        state = given ?? UInt64.random(in: 0 ... .max)
        print("\(test): QUIVER_TEST_SEED=\(state)")
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

extension Readable where Self: ~Copyable {
    /// The value as an array, for comparing.
    func bytes(_ database: Database, _ key: some ByteSource) throws(LMDBError) -> [UInt8]? {
        try get(database, key).map { Array($0) }
    }
}

func key(_ value: UInt32) -> ShortKey { ShortKey(value) }
