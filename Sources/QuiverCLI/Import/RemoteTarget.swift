import ArgumentParser
import NIOCore
import NIOHTTP1
import NIOPosix
import QuiverJSON
import QuiverModel
import QuiverServer
import Synchronization

/// A running server, over its REST interface; Qdrant itself will do as well.
final class RemoteTarget: ImportTarget {
    /// How often a batch is sent again after the server said that it has too much to do.
    private static let attempts = 60

    private let address: ServerAddress
    private let text: String
    /// Connections that carry no request at the moment.
    private let idle = Mutex<[HTTPConnection]>([])
    private let group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton

    init(_ text: String) throws(CommandFailure) {
        self.text = text
        do throws(ServerAddress.Fault) {
            address = try ServerAddress(text)
        } catch {
            throw CommandFailure(code: .usage, message: "--url: \(error.message)")
        }
    }

    func prepare(_ plan: ImportPlan) async throws {
        let found = try await send(.GET, path(plan.collection), accepting: [200, 404])
        if found.status == 404 {
            var writer = JSONWriter()
            writer.beginObject()
            writer.key("vectors")
            writer.beginObject()
            writer.key("size")
            writer.value(plan.columns)
            writer.key("distance")
            writer.value((plan.distance ?? .cosine).rawValue)
            writer.endObject()
            writer.endObject()
            _ = try await send(.PUT, path(plan.collection), writer.bytes)
        } else {
            try check(found.body, plan)
        }
        for (field, type) in plan.indexes {
            var writer = JSONWriter()
            writer.beginObject()
            writer.key("field_name")
            writer.value(field.text)
            writer.key("field_schema")
            writer.value(type.rawValue)
            writer.endObject()
            _ = try await send(.PUT, path(plan.collection) + "/index?wait=true", writer.bytes)
        }
    }

    private func check(_ answer: [UInt8], _ plan: ImportPlan) throws {
        let params = try parsed(answer) { root -> (size: Int, distance: Distance)? in
            guard let vectors = Self.member(root, ["result", "config", "params", "vectors"]),
                let size = vectors.member("size")?.int64, let name = vectors.member("distance")?.string,
                let distance = Distance(rawValue: name)
            else { return nil }
            return (Int(clamping: size), distance)
        }
        guard let params else { throw ImportMessages.noUnnamedVector(plan.collection) }
        guard params.size == plan.columns else {
            throw ImportMessages.dimension(plan.collection, expected: params.size, actual: plan.columns)
        }
        if let distance = plan.distance, distance != params.distance {
            throw ImportMessages.distance(plan.collection, expected: params.distance, actual: distance)
        }
    }

    func presentIDs(from first: UInt64, limit: Int, collection: String) async throws -> Int {
        var present = 0
        while present < limit {
            var writer = JSONWriter()
            writer.beginObject()
            writer.key("limit")
            writer.value(10_000)
            writer.key("offset")
            writer.value(first + UInt64(present))
            writer.key("with_payload")
            writer.value(false)
            writer.endObject()
            let answer = try await send(.POST, path(collection) + "/points/scroll", writer.bytes)
            let (ids, isLast) = try parsed(answer.body) { root -> ([UInt64?], Bool) in
                guard let points = Self.member(root, ["result", "points"]) else { return ([], true) }
                let next = Self.member(root, ["result", "next_page_offset"])
                return (points.elements.map { $0.member("id")?.uint64 }, next?.isNull ?? true)
            }
            for id in ids {
                guard present < limit, id == first + UInt64(present) else { return present }
                present += 1
            }
            if isLast { break }
        }
        return present
    }

    func upsert(_ batch: ImportBatch, collection: String) async throws {
        let body = Self.body(batch)
        for attempt in 1... {
            let answer = try await send(.PUT, path(collection) + "/points?wait=true", body, accepting: [200, 429])
            if answer.status == 200 { return }
            guard attempt < Self.attempts else {
                throw CommandFailure(
                    code: .unavailable, message: "the server has too much to do: \(message(answer.body))")
            }
            try await Task.sleep(for: .seconds(max(1, answer.retryAfterSeconds ?? 1)))
        }
    }

    /// The column form of the upsert request.
    static func body(_ batch: ImportBatch) -> [UInt8] {
        var writer = JSONWriter(
            reservingByteCount: batch.components.count * 12 + batch.payloads.reduce(64) { $0 + $1.utf8.count })
        writer.beginObject()
        writer.key("batch")
        writer.beginObject()
        writer.key("ids")
        writer.beginArray()
        for row in 0..<batch.count { writer.value(batch.firstID + UInt64(row)) }
        writer.endArray()
        writer.key("vectors")
        writer.beginArray()
        batch.components.withUnsafeBufferPointer { components in
            for row in 0..<batch.count {
                let range = row * batch.columns..<(row + 1) * batch.columns
                writer.value(floats: UnsafeBufferPointer(rebasing: components[range]))
            }
        }
        writer.endArray()
        if !batch.payloads.isEmpty {
            writer.key("payloads")
            writer.beginArray()
            for payload in batch.payloads { writer.value(raw: payload.utf8) }
            writer.endArray()
        }
        writer.endObject()
        writer.endObject()
        return writer.bytes
    }

    func state(collection: String) async throws -> ImportState {
        let answer = try await send(.GET, path(collection))
        return try parsed(answer.body) { root in
            let result = root.member("result")
            return ImportState(
                isGreen: result?.member("status")?.isString("green") ?? false,
                points: result?.member("points_count")?.int64.map { Int(clamping: $0) } ?? 0,
                indexedVectors: result?.member("indexed_vectors_count")?.int64.map { Int(clamping: $0) } ?? 0)
        }
    }

    func close() async {
        let connections = idle.withLock { connections in
            defer { connections = [] }
            return connections
        }
        for connection in connections { await connection.close() }
    }

    private func path(_ collection: String) -> String { "/collections/" + PercentCoding.encode(collection) }

    private func send(
        _ method: HTTPMethod, _ path: String, _ body: [UInt8] = [], accepting: [Int] = [200]
    ) async throws(CommandFailure) -> HTTPConnection.Answer {
        let answer: HTTPConnection.Answer
        do {
            let connection: HTTPConnection
            if let waiting = idle.withLock({ $0.popLast() }) {
                connection = waiting
            } else {
                connection = try await HTTPConnection.open(address, group: group)
            }
            answer = try await connection.send(method, path, ByteBuffer(bytes: body))
            idle.withLock { $0.append(connection) }
        } catch {
            throw CommandFailure(code: .unavailable, message: "no answer from \(text): \(Self.reason(error))")
        }
        guard accepting.contains(answer.status) else {
            let code: ExitCode = answer.status >= 500 ? .unavailable : .dataError
            throw CommandFailure(code: code, message: "the server answered \(answer.status): \(message(answer.body))")
        }
        return answer
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            if let error = error.dnsAError ?? error.dnsAAAAError { return "\(error)" }
            return error.connectionErrors.first.map { reason($0.error) } ?? "nothing listens there"
        case let error as IOError: return SystemError.text(error.errnoCode)
        case ChannelError.eof: return "the connection was closed"
        default: return "\(error)"
        }
    }

    private func message(_ body: [UInt8]) -> String {
        let text = try? parsed(body) { Self.member($0, ["status", "error"])?.string }
        return (text ?? nil) ?? String(decoding: body.prefix(200), as: UTF8.self)
    }

    private func parsed<Value>(_ body: [UInt8], _ read: (JSONNode) -> Value) throws(CommandFailure) -> Value {
        try JSONParser().withParsed(
            bytes: body,
            mapError: { CommandFailure(code: .unavailable, message: "the server's answer is not JSON: \($0)") }
        ) { root throws(CommandFailure) in read(root) }
    }

    private static func member(_ root: JSONNode, _ path: [String]) -> JSONNode? {
        var node = root
        for name in path {
            guard node.isObject, let next = node.member(named: name) else { return nil }
            node = next
        }
        return node
    }
}
