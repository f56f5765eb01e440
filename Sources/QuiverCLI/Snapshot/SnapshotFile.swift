import ArgumentParser
import Quiver

/// The bytes of a snapshot, wherever it lies.
struct SnapshotFile {
    let byteCount: Int
    /// Fills the buffer from an offset on, as far as there are bytes.
    let read: (_ offset: Int, _ buffer: UnsafeMutableRawBufferPointer) throws -> Int
    private let head: SnapshotHead

    /// - Throws: `CommandFailure` with 65 when it is no snapshot.
    init(_ file: InputFile) throws {
        try self.init(byteCount: file.byteCount, name: file.path) { try file.read(at: $0, into: $1) }
    }

    init(_ content: any SnapshotContent, name: String) throws {
        try self.init(byteCount: Int(content.byteCount), name: name) { try content.read(at: UInt64($0), into: $1) }
    }

    private init(
        byteCount: Int, name: String, read: @escaping (_ offset: Int, _ buffer: UnsafeMutableRawBufferPointer) throws -> Int
    ) throws {
        self.byteCount = byteCount
        self.read = read
        let receiver = HeadReceiver()
        var offset = 0
        do {
            _ = try SnapshotReading.read(
                { buffer in
                    let count = try read(offset, buffer)
                    offset += count
                    return count
                }, into: receiver)
        } catch {
            guard receiver.head != nil else {
                throw CommandFailure(code: .dataError, message: "\(name): \(error)")
            }
        }
        guard let head = receiver.head else { throw CommandFailure(code: .dataError, message: "\(name) is empty") }
        self.head = head
    }

    var kind: SnapshotHead.Kind { head.kind }

    /// What the one collection of it is called.
    var collection: String? { head.kind == .collection ? head.collections.first : nil }
}

/// Wants the beginning and no more.
private final class HeadReceiver: SnapshotReceiver {
    private struct Enough: Error {}
    var head: SnapshotHead?

    func begin(_ head: SnapshotHead) throws {
        self.head = head
        throw Enough()
    }

    func beginCollection(_ index: Int, _ manifest: CollectionManifest) throws {}
    func addRecordPart(_ index: Int, _ bytes: UnsafeRawBufferPointer) throws {}
    func endRecords(_ index: Int) throws {}
    func beginSegment(_ index: Int, _ segment: SegmentFile) throws {}
    func addSegmentPart(_ index: Int, _ bytes: UnsafeRawBufferPointer) throws {}
    func endSegment(_ index: Int) throws {}
}
