import Foundation

import Quiver

/// What a backup is: the collections at one moment, each as a base and the log behind it. It stands on its own: no other
/// backup is needed to restore it.
package struct BackupManifest: Codable, Sendable {
    package struct Alias: Codable, Sendable, Hashable {
        package var alias: String
        package var collection: String
    }

    static let format = 1

    var format = BackupManifest.format
    /// `BackupID`; sorts by time.
    package var id: String
    /// RFC 3339.
    package var time: String
    package var timeMicroseconds: UInt64
    /// The backup before, by this one's knowledge.
    package var previous: String?
    package var source: String
    package var aliases: [Alias]
    package var collections: [BackupCollection]
    /// Of the newest entry of the catalogue's journal; nil where the source told none.
    var journalNumber: UInt64?
    /// What happened to the catalogue since `previous`; nil when that is not known.
    var journal: [CatalogJournal.Entry]?
    package var sent: BackupSent

    /// Whether its numbers can be counted with: of what somebody else wrote nobody knows.
    var isInBounds: Bool {
        timeMicroseconds < Bounds.sequences
            && collections.allSatisfy { collection in
                let pieces = collection.log + (collection.bridge ?? [])
                return collection.sequence < Bounds.sequences && collection.baseSequence <= collection.sequence
                    && collection.baseTimeMicroseconds < Bounds.sequences && collection.baseBytes < Bounds.bytes
                    && pieces.count < Bounds.entries
                    && pieces.allSatisfy {
                        $0.after <= $0.through && $0.through < Bounds.sequences && $0.byteCount < Bounds.bytes
                    }
            }
    }
}

/// Below these sums cannot overflow.
private enum Bounds {
    static let sequences: UInt64 = 1 << 62
    static let bytes: UInt64 = 1 << 48
    static let entries = 1 << 14
}

/// What making a backup took.
package struct BackupSent: Codable, Sendable, Hashable {
    /// Objects written, and their bytes as they lie in the store.
    package var objects = 0
    package var storedBytes: UInt64 = 0
    /// Bytes of records, segments and log that were read from the source.
    package var readBytes: UInt64 = 0
    /// Bytes of segments that were there already and were not read.
    package var sparedBytes: UInt64 = 0
}

package struct BackupCollection: Codable, Sendable {
    package var name: String
    /// Of its directory: a collection made anew under a name is another one.
    package var identity: String
    package var sequence: UInt64
    /// Name of the object that describes the base.
    var base: String
    package var baseSequence: UInt64
    package var baseTimeMicroseconds: UInt64
    /// Records and segments.
    package var baseBytes: UInt64
    /// From `baseSequence` to `sequence`, without gaps.
    var log: [LogPiece]
    /// Where the base is new: the log since the backup before, which leads from there to any moment between the two. Of a
    /// collection that was made since: all of its log, from the first update on.
    var bridge: [LogPiece]?

    package var logBytes: UInt64 { log.reduce(0) { $0 + $1.byteCount } }
    package var isIncremental: Bool { !log.isEmpty }
}

/// Consecutive records of a log. Its parts are records, each as `LogFrame` puts it.
struct LogPiece: Codable, Sendable, Hashable {
    var after: UInt64
    var through: UInt64
    /// Microseconds since 1970.
    var firstTime: UInt64
    var lastTime: UInt64
    var byteCount: UInt64
    /// Name of the `PartList`.
    var list: String
}

/// A copy of a collection at one sequence number.
struct BackupBase: Codable, Sendable {
    struct Segment: Codable, Sendable {
        var file: SegmentFile
        var list: String
    }

    /// As the engine wants it back.
    var manifest: CollectionManifest
    var timeMicroseconds: UInt64
    var recordBytes: UInt64
    /// Name of the `PartList` of the records.
    var records: String
    var segments: [Segment]

    var isInBounds: Bool {
        recordBytes < Bounds.bytes && segments.count < Bounds.entries
            && segments.allSatisfy { $0.file.byteCount < Bounds.bytes }
    }
}

/// The objects that the parts of a long stream are in, in order: 36 bytes each, the 32 of the object's name and the
/// `u32` length of its content, little-endian.
struct PartList: Sendable {
    struct Part: Sendable, Hashable {
        var object: String
        var byteCount: UInt32
    }

    var parts: [Part] = []

    var byteCount: UInt64 { parts.reduce(0) { $0 + UInt64($1.byteCount) } }

    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        for part in parts {
            bytes += Digest.bytes(hex: part.object) ?? []
            withUnsafeBytes(of: part.byteCount.littleEndian) { bytes.append(contentsOf: $0) }
        }
        return bytes
    }

    init(_ parts: [Part] = []) { self.parts = parts }

    /// Nil for a length that no list has.
    init?(encoded bytes: [UInt8]) {
        guard bytes.count % 36 == 0 else { return nil }
        for start in stride(from: 0, to: bytes.count, by: 36) {
            let count = bytes.withUnsafeBytes {
                UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: start + 32, as: UInt32.self))
            }
            parts.append(Part(object: Digest.hex(bytes[start..<(start + 32)]), byteCount: count))
        }
    }
}

/// One record of a log in a part: `u64` sequence, `u64` time in microseconds, `u32` length, all little-endian, and the
/// record as the engine wrote it.
enum LogFrame {
    static let headBytes = 20

    static func append(_ sequence: UInt64, _ time: UInt64, _ record: UnsafeRawBufferPointer, to part: inout [UInt8]) {
        withUnsafeBytes(of: sequence.littleEndian) { part.append(contentsOf: $0) }
        withUnsafeBytes(of: time.littleEndian) { part.append(contentsOf: $0) }
        withUnsafeBytes(of: UInt32(record.count).littleEndian) { part.append(contentsOf: $0) }
        part.append(contentsOf: record)
    }

    /// False when the part is no sequence of records; `body` returns false to stop.
    static func forEach(
        in part: UnsafeRawBufferPointer, _ body: (UInt64, UInt64, UnsafeRawBufferPointer) throws -> Bool
    ) rethrows -> Bool {
        var place = 0
        while place < part.count {
            guard part.count - place >= headBytes else { return false }
            let sequence = UInt64(littleEndian: part.loadUnaligned(fromByteOffset: place, as: UInt64.self))
            let time = UInt64(littleEndian: part.loadUnaligned(fromByteOffset: place + 8, as: UInt64.self))
            let count = Int(UInt32(littleEndian: part.loadUnaligned(fromByteOffset: place + 16, as: UInt32.self)))
            place += headBytes
            guard part.count - place >= count else { return false }
            if !(try body(sequence, time, UnsafeRawBufferPointer(rebasing: part[place..<(place + count)]))) { return true }
            place += count
        }
        return true
    }
}

/// JSON as a text that shows every change: the JSON, a line feed, `sha256 `, its SHA-256 in hexadecimal digits, a line feed.
enum SealedText {
    static func seal(_ json: [UInt8]) -> [UInt8] {
        json + Array("\nsha256 \(Digest.hex(Digest.sha256(json)))\n".utf8)
    }

    /// The JSON; nil when anything was changed.
    static func open(_ bytes: [UInt8]) -> [UInt8]? {
        let tail = 1 + 7 + 64 + 1
        guard bytes.count > tail else { return nil }
        let json = Array(bytes[..<(bytes.count - tail)])
        return seal(json) == bytes ? json : nil
    }
}

enum BackupJSON {
    static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }

    static func decode<Value: Decodable>(_: Value.Type = Value.self, _ bytes: [UInt8]) throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data(bytes))
    }
}
