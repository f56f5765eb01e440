import ArgumentParser
import QuiverJSON
import QuiverModel

/// A running server, over its REST interface; Qdrant itself will do as well.
final class RemoteTarget: ImportTarget {
    private let server: RESTClient
    private let transport: WebTransport

    init(_ text: String, apiKey: String?) throws(CommandFailure) {
        let address: ServerAddress
        do throws(ServerAddress.Fault) {
            address = try ServerAddress(text)
        } catch {
            throw CommandFailure(code: .usage, message: "--url: \(error.message)")
        }
        transport = WebTransport(address, apiKey: apiKey)
        server = RESTClient(url: address.url, transport: transport)
    }

    func prepare(_ plan: ImportPlan) async throws {
        let found = try await send("GET", RESTClient.path(plan.collection), accepting: [200, 404])
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
            _ = try await send("PUT", RESTClient.path(plan.collection), writer.bytes)
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
            _ = try await send("PUT", RESTClient.path(plan.collection, "/index?wait=true"), writer.bytes)
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
            let answer = try await send("POST", RESTClient.path(collection, "/points/scroll"), writer.bytes)
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
        _ = try await send("PUT", RESTClient.path(collection, "/points?wait=true"), Self.body(batch))
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
        let answer = try await send("GET", RESTClient.path(collection))
        return try parsed(answer.body) { root in
            let result = root.member("result")
            return ImportState(
                isGreen: result?.member("status")?.isString("green") ?? false,
                points: result?.member("points_count")?.int64.map { Int(clamping: $0) } ?? 0,
                indexedVectors: result?.member("indexed_vectors_count")?.int64.map { Int(clamping: $0) } ?? 0)
        }
    }

    func close() async { await transport.close() }

    private func send(
        _ method: String, _ path: String, _ body: [UInt8]? = nil, accepting: Set<Int> = [200]
    ) async throws(CommandFailure) -> RESTClient.Answer {
        try await server.call(method, path, body, accepting: accepting)
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
