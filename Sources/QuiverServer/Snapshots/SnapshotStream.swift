import NIOCore
import Quiver
import QuiverArchive

/// An archive on its way into the engine, from wherever it comes: counts nothing as read that was not hashed, and keeps
/// the reason when it cannot go on, which the engine would only tell in its own words.
final class SnapshotStream {
    private let read: (UnsafeMutableRawBufferPointer) throws(Rejection) -> Int
    private var digest: StreamDigest?
    private let checksum: String?
    private let mismatch: (_ expected: String, _ actual: String) -> Rejection
    private var isOver = false
    private(set) var failure: Rejection?
    /// The first bytes.
    private var beginning: [UInt8] = []

    /// - Parameters:
    ///   - checksum: SHA-256 of the archive in hexadecimal digits; nil: not compared.
    ///   - read: gives 0 at the end.
    init(
        checksum: String?, mismatch: @escaping (_ expected: String, _ actual: String) -> Rejection,
        read: @escaping (UnsafeMutableRawBufferPointer) throws(Rejection) -> Int
    ) {
        self.checksum = checksum
        self.mismatch = mismatch
        self.read = read
        digest = checksum == nil ? nil : StreamDigest()
    }

    var hasChecksum: Bool { checksum != nil }

    /// Whether what came is an archive at all: it begins with the name of its first file.
    var isArchive: Bool { beginning == Self.firstName }

    private static let firstName = Array("quiver.json".utf8)

    /// An `ArchiveSource`. The checksum is compared before the end is told.
    func next(_ target: UnsafeMutableRawBufferPointer) throws -> Int {
        if let failure { throw failure }
        if isOver { return 0 }
        do throws(Rejection) {
            let count = try read(target)
            if count > 0 {
                if beginning.count < Self.firstName.count {
                    beginning += target.prefix(min(count, Self.firstName.count - beginning.count))
                }
                digest?.update(UnsafeRawBufferPointer(rebasing: target.prefix(count)))
                return count
            }
            isOver = true
            if let checksum {
                let actual = digest?.value().hexadecimal ?? ""
                guard actual == checksum.lowercased() else { throw mismatch(checksum, actual) }
            }
            return 0
        } catch {
            failure = error
            throw error
        }
    }

    /// Reads what the engine left unread, so that the end and the checksum are seen.
    func finish() throws(Rejection) {
        let rest = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
        defer { rest.deallocate() }
        do {
            while try next(rest) > 0 {}
        } catch {
            throw failure ?? Rejection(status: 500, text: "Service internal error: \(error)")
        }
    }
}

extension [UInt8] {
    var hexadecimal: String {
        let digits = Array<UInt8>("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
