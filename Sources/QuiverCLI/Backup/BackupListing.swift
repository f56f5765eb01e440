import ArgumentParser
import QuiverBackup
import QuiverJSON

/// Backups for people and for programs.
enum BackupListing {
    static func line(_ manifest: BackupManifest) -> String {
        let names = manifest.collections.map { "\($0.name)@\($0.sequence)" }.joined(separator: " ")
        let kind = manifest.collections.contains { $0.isIncremental } ? "incremental" : "full"
        return "\(manifest.id)  \(manifest.time)  \(kind)  sent \(ByteCount.text(Int(manifest.sent.storedBytes)))  \(names)"
    }

    static func sentence(_ manifest: BackupManifest) -> String {
        "backup \(manifest.id) of \(manifest.collections.count) collections at \(manifest.time): "
            + "\(manifest.sent.objects) objects, \(ByteCount.text(Int(manifest.sent.storedBytes))) sent"
            + (manifest.sent.sparedBytes > 0 ? ", \(ByteCount.text(Int(manifest.sent.sparedBytes))) were there" : "")
    }

    static func write(_ manifest: BackupManifest, to writer: inout JSONWriter) {
        writer.member("id", manifest.id)
        writer.member("time", manifest.time)
        writer.member("time_us", Int(manifest.timeMicroseconds))
        writer.member("source", manifest.source)
        writer.member("sent_objects", manifest.sent.objects)
        writer.member("sent_bytes", Int(manifest.sent.storedBytes))
        writer.member("read_bytes", Int(manifest.sent.readBytes))
        writer.member("spared_bytes", Int(manifest.sent.sparedBytes))
        writer.key("collections")
        writer.beginArray()
        for collection in manifest.collections {
            writer.beginObject()
            writer.member("name", collection.name)
            writer.member("identity", collection.identity)
            writer.member("sequence", Int(collection.sequence))
            writer.member("base_sequence", Int(collection.baseSequence))
            writer.member("base_bytes", Int(collection.baseBytes))
            writer.member("log_bytes", Int(collection.logBytes))
            writer.endObject()
        }
        writer.endArray()
        writer.key("aliases")
        writer.beginArray()
        for alias in manifest.aliases {
            writer.beginObject()
            writer.member("alias", alias.alias)
            writer.member("collection", alias.collection)
            writer.endObject()
        }
        writer.endArray()
    }
}

extension JSONWriter {
    mutating func texts(_ list: [String]) {
        beginArray()
        for text in list { value(text) }
        endArray()
    }
}

extension Progress {
    /// For operations that tell how far they are themselves.
    var telling: @Sendable (BackupProgress) throws -> Void {
        { step in
            try Interruption.check()
            if let total = step.totalBytes { self.extend(total: Int(total)) }
            self.reach(Int(step.doneBytes))
        }
    }
}

/// `12h`, `30d`, `8w`; minutes and seconds as `m` and `s`.
struct BackupAge: ExpressibleByArgument {
    var seconds: Double

    init?(argument: String) {
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800]
        guard let unit = argument.last.flatMap({ units[$0] }), let count = Double(argument.dropLast()), count > 0,
            count.isFinite
        else { return nil }
        seconds = count * unit
    }
}
