import QuiverModel

/// Counts what a stream of records has, without keeping any of it.
package struct RecordTally: Sendable {
    /// Entries by the names of the databases; each slot of a posting is one.
    package private(set) var entries: [String: UInt64] = [:]

    package init() {}

    /// Points, by their ids.
    package var points: UInt64 { entries["ids"] ?? 0 }
    /// The fields that have an index.
    package var indexedFields: [String] {
        entries.keys.filter(RecordStream.isDerived).map { String($0.dropFirst(RecordStream.derivedPrefix.count)) }.sorted()
    }

    /// The next part of the stream.
    ///
    /// - Throws: `.corrupted` where its items do not fill it.
    package mutating func add(_ part: UnsafeRawBufferPointer) throws {
        var reader = unsafe RecordReader(part)
        guard try reader.take(UInt32.self) == RecordStream.magic, try reader.take(UInt32.self) == RecordStream.version
        else { throw RecordLoader.damaged("its format is none that this version knows") }
        _ = try reader.take(UInt64.self)
        while !reader.isAtEnd {
            switch try reader.take(UInt8.self) {
            case RecordStream.Kind.database:
                let name = try unsafe String(decoding: reader.takeBytes(), as: UTF8.self)
                _ = try reader.take(UInt8.self)
                _ = try reader.take(UInt8.self)
                entries[name] = try reader.takeNumber()
            case RecordStream.Kind.entry:
                _ = try unsafe reader.takeBytes()
                _ = try unsafe reader.takeBytes()
            case RecordStream.Kind.numberedEntry:
                _ = try reader.takeNumber()
                _ = try unsafe reader.takeBytes()
            case RecordStream.Kind.posting:
                _ = try unsafe reader.takeBytes()
                try skipSlots(&reader)
            case RecordStream.Kind.morePosting: try skipSlots(&reader)
            case RecordStream.Kind.longValue:
                _ = try unsafe reader.takeBytes()
                _ = try reader.takeNumber()
                _ = try unsafe reader.takeBytes()
            case RecordStream.Kind.numberedLongValue:
                _ = try reader.takeNumber()
                _ = try reader.takeNumber()
                _ = try unsafe reader.takeBytes()
            case RecordStream.Kind.moreValue: _ = try unsafe reader.takeBytes()
            case RecordStream.Kind.end: _ = try reader.takeNumber()
            default: throw RecordLoader.damaged("an item of an unknown kind")
            }
        }
    }

    private func skipSlots(_ reader: inout RecordReader) throws {
        var left = try reader.takeNumber()
        while left > 0 {
            _ = try reader.takeNumber()
            left -= 1
        }
    }
}
