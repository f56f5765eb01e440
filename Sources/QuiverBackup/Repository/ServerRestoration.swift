#if Server
#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

import NIOCore
package import Quiver
import QuiverModel

/// Brings collections back into a running server: first all of them into a database beside, where everything is checked,
/// then one after the other as the stream of a snapshot, which the server takes whole or not at all; the aliases last.
package struct ServerRestoration: Sendable {
    package struct Options: Sendable {
        package var restoration = BackupRestoration.Options()
        /// Called before a collection is sent, and again when it is sent anew because the server was busy.
        package var sending: (@Sendable (_ name: String) -> Void)?
        /// Called when the server has a collection.
        package var restored: (@Sendable (BackupRestoration.Restored) -> Void)?

        package init() {}
    }

    private let server: ServerConnection
    private let options: Options
    private static let mostTries = 6

    /// - Parameter scratch: an empty database that is of no use afterwards.
    package static func run(
        _ repository: BackupRepository, into server: ServerConnection, by scratch: Database, _ options: Options
    ) throws(BackupError) {
        do {
            try ServerRestoration(server: server, options: options).restore(repository, scratch)
        } catch {
            throw BackupError(wrapping: error)
        }
    }

    private func restore(_ repository: BackupRepository, _ scratch: Database) throws {
        var staging = options.restoration
        staging.isReplacing = false
        staging.check = { names, aliases in try check(names, aliases) }
        let restored = try BackupRestoration.run(repository, into: scratch, staging)
        for (index, one) in restored.enumerated() {
            do {
                try check([one.newName], [])
                try send(one.newName, of: scratch)
            } catch {
                throw told(error, restored.map(\.newName), index)
            }
            options.restored?(one)
        }
        do {
            try setAliases(try scratch.aliases())
        } catch {
            throw told(error, restored.map(\.newName), restored.count)
        }
    }

    /// With what was done before, as this is not undone.
    private func told(_ error: any Error, _ names: [String], _ index: Int) -> any Error {
        let done = index == 0 ? "nothing was restored before" : "restored before: " + names[..<index].joined(separator: ", ")
        let open = index == names.count ? "the aliases" : names[index...].joined(separator: ", ")
        let told = "(\(done); not restored: \(open))"
        return switch BackupError(wrapping: error) {
        case .server(let text) where names.count > 1 || index > 0: BackupError.server("\(text) \(told)")
        case .conflict(let text) where index > 0: BackupError.conflict("\(text) \(told)")
        case .key(let text) where index > 0: BackupError.key("\(text) \(told)")
        case .database(let error) where index > 0: BackupError.database(QuiverError(error.kind, "\(error.message) \(told)"))
        default: error
        }
    }

    // MARK: What is in the way

    private func check(_ names: [String], _ aliases: [String]) throws {
        let present = try self.names()
        let presentAliases = try self.aliases()
        for name in names {
            if present.contains(name), !options.restoration.isReplacing {
                throw BackupError.conflict("\(server.url) has a collection `\(name)` already; --replace replaces it")
            }
            // An archive sent to an alias would become the collection behind it.
            if presentAliases.contains(name) {
                throw BackupError.conflict("\(server.url) has an alias `\(name)`; restore the collection under another name")
            }
        }
        for alias in aliases {
            if present.contains(alias) {
                throw BackupError.conflict("\(server.url) has a collection `\(alias)`, which is an alias in the backup")
            }
            if presentAliases.contains(alias), !options.restoration.isReplacing {
                throw BackupError.conflict("\(server.url) has an alias `\(alias)` already; --replace replaces it")
            }
        }
    }

    private func names() throws -> Set<String> {
        struct List: Decodable {
            struct Entry: Decodable { var name: String }
            var collections: [Entry]
        }
        let list: List = try server.result("GET", "/collections")
        return Set(list.collections.map(\.name))
    }

    private func aliases() throws -> Set<String> {
        struct List: Decodable {
            struct Entry: Decodable { var alias_name: String }
            var aliases: [Entry]
        }
        let list: List = try server.result("GET", "/aliases")
        return Set(list.aliases.map(\.alias_name))
    }

    // MARK: Sending

    private func send(_ name: String, of scratch: Database) throws {
        let path = "/collections/\(SignatureV4.encode(name))/snapshots/upload?wait=true&priority=snapshot"
        var tries = 0
        while true {
            tries += 1
            options.sending?(name)
            do {
                _ = try post(path, name, scratch).collectBlocking(limitBytes: 1 << 20)
                return
            } catch let busy as ServerBusy {
                guard tries < Self.mostTries else {
                    throw BackupError.server(busy.sentence + " (tried \(tries) times)")
                }
                sleep(UInt32(1 << (tries - 1)))
                try options.restoration.progress?(BackupProgress(step: "waiting", doneBytes: 0, totalBytes: nil))
            }
        }
    }

    private func post(_ path: String, _ name: String, _ scratch: Database) throws -> WebAnswer {
        let boundary = "quiver-" + Digest.hex(ChunkCipher.randomBytes(16))
        return try server.send("POST", path, contentType: "multipart/form-data; boundary=\(boundary)") { body in
            let sink = FormSink(body) { bytes in
                let step = BackupProgress(step: "sending \(name)", doneBytes: bytes, totalBytes: nil)
                try options.restoration.progress?(step)
            }
            try sink.write(
                "--\(boundary)\r\nContent-Disposition: form-data; name=\"snapshot\"; filename=\"backup.snapshot\"\r\n"
                    + "Content-Type: application/octet-stream\r\n\r\n")
            do { try scratch.snapshots.stream(.collection(name), of: scratch, to: sink) } catch {
                // The engine's error would hide why nobody wants the rest.
                throw sink.failure ?? error
            }
            try sink.write("\r\n--\(boundary)--\r\n")
            try sink.flush()
        }
    }

    private func setAliases(_ aliases: [(alias: String, collection: String)]) throws {
        struct Body: Encodable {
            struct Action: Encodable {
                struct Creation: Encodable {
                    var alias_name: String
                    var collection_name: String
                }
                var create_alias: Creation
            }
            var actions: [Action]
        }
        if aliases.isEmpty { return }
        let actions = aliases.map {
            Body.Action(create_alias: .init(alias_name: $0.alias, collection_name: $0.collection))
        }
        _ = try server.send("POST", "/collections/aliases", try BackupJSON.encode(Body(actions: actions))).collectBlocking()
    }
}

/// Gathers what is written into pieces worth sending.
private final class FormSink: SnapshotSink {
    private static let pieceBytes = 256 << 10

    private let body: WebBodyWriter
    private let progress: (UInt64) throws -> Void
    private var piece = ByteBuffer()
    private var byteCount: UInt64 = 0
    private(set) var failure: (any Error)?

    init(_ body: WebBodyWriter, _ progress: @escaping (UInt64) throws -> Void) {
        self.body = body
        self.progress = progress
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        piece.writeBytes(bytes)
        if piece.readableBytes >= Self.pieceBytes { try flush() }
    }

    func write(_ text: String) throws {
        var text = text
        try text.withUTF8 { try write(UnsafeRawBufferPointer($0)) }
    }

    func flush() throws {
        byteCount += UInt64(piece.readableBytes)
        do {
            try body.write(piece)
            try progress(byteCount)
        } catch {
            failure = error
            throw error
        }
        piece = ByteBuffer()
    }
}
#endif
