import ArgumentParser
import NIOCore
import Quiver
import QuiverBackup
import QuiverJSON
import Synchronization

/// Snapshots of a running server, over its REST interface.
final class ServerSnapshots: SnapshotPlace {
    /// How often reading goes on after the connection was lost.
    private static let attempts = 10

    private let server: RESTClient
    private let client: WebClient
    private let headers: [(name: String, value: String)]
    let apiKey: String?

    init(_ text: String, apiKey: String?) throws(CommandFailure) {
        let address: ServerAddress
        do throws(ServerAddress.Fault) {
            address = try ServerAddress(text)
        } catch {
            throw CommandFailure(code: .usage, message: "--server: \(error.message)")
        }
        // Making and restoring take as long as they take, and the server is silent meanwhile.
        var options = WebClient.Options()
        options.idleTimeoutSeconds = nil
        client = WebClient(options)
        headers = apiKey.map { [("api-key", $0)] } ?? []
        self.apiKey = apiKey
        server = RESTClient(
            url: address.url, transport: WebTransport(address, apiKey: apiKey, client: client), patience: .seconds(30))
    }

    var name: String { server.url }

    func create(_ scope: SnapshotScope, _ progress: Progress) async throws -> SnapshotDescription {
        progress.begin("snapshot of \(scope.text)", unit: .bytes)
        defer { progress.clear() }
        // Not sent again: the first one may be under way.
        let answer = try await server.once("POST", scope.path + "?wait=true")
        guard let description = Self.description(answer) else {
            throw CommandFailure(code: .dataError, message: "\(name) does not say what the snapshot is called")
        }
        return description
    }

    func list(_ scope: SnapshotScope) async throws -> [SnapshotDescription] {
        let result = try await server.result("GET", scope.path)
        return result.elements.compactMap(Self.description)
    }

    private static func description(_ value: JSONValue) -> SnapshotDescription? {
        guard let name = value["name"]?.string else { return nil }
        return SnapshotDescription(
            name: name, creationTime: value["creation_time"]?.string, size: UInt64(value["size"]?.count ?? 0),
            checksum: value["checksum"]?.string)
    }

    func delete(_ scope: SnapshotScope, _ snapshot: String) async throws {
        let there = try await server.resultIfThere("DELETE", Self.path(scope, snapshot) + "?wait=true")
        guard there != nil else { throw Self.missing(scope, snapshot) }
    }

    private static func path(_ scope: SnapshotScope, _ snapshot: String) -> String {
        scope.path + "/" + RESTClient.coded(snapshot)
    }

    static func missing(_ scope: SnapshotScope, _ snapshot: String) -> CommandFailure {
        CommandFailure(code: .noInput, message: "\(scope.text) has no snapshot \(snapshot)")
    }

    // MARK: Bytes

    func read(
        _ scope: SnapshotScope, _ snapshot: String, from offset: Int, restart: () throws -> Void,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) async throws {
        var offset = offset
        var failures = 0
        while true {
            do throws(WebFailure) {
                var request = WebRequest("GET", server.url + Self.path(scope, snapshot), headers: headers)
                if offset > 0 { request.headers.append(("range", "bytes=\(offset)-")) }
                let answer = try await client.send(request)
                switch answer.status {
                case 206: break
                case 200:
                    if offset > 0 {
                        try Self.passing { try restart() }
                        offset = 0
                    }
                case 404: throw WebFailure.body(Self.missing(scope, snapshot))
                // Nothing is behind the offset: it was whole already.
                case 416: return
                default:
                    let text = RESTClient.message((try? await answer.collect(limitBytes: 1 << 16)) ?? [])
                    throw WebFailure.body(RESTClient.failure(answer.status, "\(name): \(text)"))
                }
                while let chunk = try await answer.next() {
                    try Self.passing {
                        try Interruption.check()
                        try chunk.withUnsafeReadableBytes { try body($0) }
                    }
                    offset += chunk.readableBytes
                    failures = 0
                }
                return
            } catch {
                if case .body(let inner) = error { throw inner }
                failures += 1
                guard error.isWorthRetrying, failures < Self.attempts else {
                    throw CommandFailure(code: .unavailable, message: "\(name): \(error)")
                }
                try await Task.sleep(for: .milliseconds(250 << min(failures, 6)))
            }
        }
    }

    private static func passing(_ body: () throws -> Void) throws(WebFailure) {
        do { try body() } catch { throw .body(error) }
    }

    // MARK: Restoring

    /// Sends a file, which becomes the collection of `scope`.
    func upload(
        _ file: InputFile, _ scope: SnapshotScope, priority: String?, checksum: String?, _ progress: Progress
    ) async throws {
        let boundary = "quiver-" + String(UInt64.random(in: 0...UInt64.max), radix: 16)
        let name = file.path.split(separator: "/").last.map(String.init) ?? "snapshot"
        let head = Array(
            ("--\(boundary)\r\nContent-Disposition: form-data; name=\"snapshot\"; filename=\"\(Self.quoted(name))\"\r\n"
                + "Content-Type: application/octet-stream\r\n\r\n").utf8)
        let tail = Array("\r\n--\(boundary)--\r\n".utf8)
        var query = ["wait=true"]
        if let priority { query.append("priority=" + RESTClient.coded(priority)) }
        if let checksum { query.append("checksum=" + RESTClient.coded(checksum)) }
        var request = WebRequest("POST", server.url + scope.path + "/upload?" + query.joined(separator: "&"), headers: headers)
        request.headers.append(("content-type", "multipart/form-data; boundary=\(boundary)"))
        let place = Mutex(-1)
        progress.begin("uploading \(name)", total: file.byteCount, unit: .bytes)
        request.body = .stream(byteCount: head.count + file.byteCount + tail.count) {
            try Interruption.check()
            let offset = place.withLock { place in
                defer { place = place < 0 ? 0 : place >= file.byteCount ? .max : min(place + Self.chunkBytes, file.byteCount) }
                return place
            }
            switch offset {
            case -1: return ByteBuffer(bytes: head)
            case .max: return nil
            case file.byteCount...: return ByteBuffer(bytes: tail)
            default:
                let bytes = try file.read(at: offset, count: min(Self.chunkBytes, file.byteCount - offset))
                progress.advance(bytes.count)
                return ByteBuffer(bytes: bytes)
            }
        }
        try await finish(request, progress)
    }

    /// Asks the server to fetch a snapshot from `location` and to make it the collection of `scope`.
    func recover(
        from location: String, _ scope: SnapshotScope, priority: String?, checksum: String?, apiKey: String?,
        _ progress: Progress
    ) async throws {
        var members: [JSONValue.Member] = [.init("location", .string(location))]
        if let priority { members.append(.init("priority", .string(priority))) }
        if let checksum { members.append(.init("checksum", .string(checksum))) }
        if let apiKey { members.append(.init("api_key", .string(apiKey))) }
        var request = WebRequest("PUT", server.url + scope.path + "/recover?wait=true", headers: headers)
        request.headers.append(("content-type", "application/json"))
        request.body = .bytes(ByteBuffer(bytes: JSONValue.object(members).bytes))
        progress.begin("restoring \(scope.text)")
        try await finish(request, progress)
    }

    private func finish(_ request: WebRequest, _ progress: Progress) async throws {
        let answer: WebAnswer
        let body: [UInt8]
        do throws(WebFailure) {
            answer = try await client.send(request)
            body = try await answer.collect(limitBytes: 1 << 20)
        } catch {
            if case .body(let inner) = error { throw inner }
            throw CommandFailure(code: .unavailable, message: "\(name): \(error)")
        }
        guard answer.status == 200 else {
            throw RESTClient.failure(answer.status, "\(name) answered \(answer.status): \(RESTClient.message(body))")
        }
        progress.end()
    }

    /// Where the server itself could fetch one of its snapshots.
    func location(_ scope: SnapshotScope, _ snapshot: String) -> String { server.url + Self.path(scope, snapshot) }

    func collectionExists(_ collection: String) async throws -> Bool {
        try await server.result("GET", RESTClient.path(collection, "/exists"))["exists"]?.bool ?? false
    }

    private static let chunkBytes = 1 << 20

    private static func quoted(_ name: String) -> String {
        name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    }
}
