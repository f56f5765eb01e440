import CMeasure
import Quiver
import QuiverJSON
import QuiverModel
import QuiverPayload
import QuiverWire

/// What a request is made of besides the search: bodies that are read, payloads, sets of slots.
enum RequestBenchmarks {
    static var groups: [BenchmarkGroup] { [BenchmarkGroup("json", json), BenchmarkGroup("slots", slots)] }

    private static func json() throws -> [Benchmark] {
        var random = FixedGenerator()
        let (points, dimension) = (100, 384)
        let components = random.vectors(points, dimension: dimension)
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("points")
        writer.beginArray()
        for point in 0..<points {
            writer.beginObject()
            writer.key("id")
            writer.value(point)
            writer.key("vector")
            writer.value(floats: Array(components[point * dimension..<(point + 1) * dimension]))
            writer.key("payload")
            let payload = #"{"name":"product \#(point)","section":"libs","price":19.9,"tags":["a","b"]}"#
            writer.value(raw: Array(payload.utf8))
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        let upsert = writer.bytes
        var query = JSONWriter()
        query.beginObject()
        query.key("query")
        query.value(floats: Array(components[..<dimension]))
        query.key("limit")
        query.value(10)
        query.key("filter")
        query.value(raw: Array(#"{"must":[{"key":"section","match":{"value":"libs"}}]}"#.utf8))
        query.endObject()
        let queryBody = query.bytes
        let hybridBody = Array(
            #"""
            {"prefetch":[{"query":{"text":"a quiver of arrows","model":"bm25"},"using":"text","limit":50},
                         {"query":{"indices":[7,3,250],"values":[0.5,1,2]},"using":"sparse","filter":{"must":[{"key":"section","match":{"any":["a","b"]}}]}}],
             "query":{"fusion":"rrf"},"limit":20,"with_payload":true}
            """#.utf8)
        let answer = (0..<10).map { ScoredPoint(id: .number(UInt64($0)), version: 1, score: 0.5) }
        let payloads = try largeAnswer(&random, vectors: nil)
        let vectors = try largeAnswer(&random, vectors: components)
        return [
            Benchmark("json/upsert body, a point", operations: points) {
                let operations = try upsert.withUnsafeBytes { try RequestDecoder.upsert($0) }
                qms_use(UInt64(operations.count))
            },
            Benchmark("json/query body") {
                let request = try queryBody.withUnsafeBytes { try RequestDecoder.query($0) }
                qms_use(UInt64(request.limit))
            },
            Benchmark("json/hybrid query body") {
                let request = try hybridBody.withUnsafeBytes { try RequestDecoder.query($0) }
                qms_use(UInt64(request.prefetch.count))
            },
            Benchmark("json/answer of 10 points") {
                qms_use(UInt64(ResponseEncoder.query(answer, seconds: 0.001).count))
            },
            Benchmark("json/answer of 100 points with 2 KB payloads") {
                qms_use(UInt64(ResponseEncoder.query(payloads, seconds: 0.001).count))
            },
            Benchmark("json/answer of 100 points with payloads and vectors") {
                qms_use(UInt64(ResponseEncoder.query(vectors, seconds: 0.001).count))
            },
        ]
    }

    /// A hundred points with payloads of two kilobytes, and vectors of 384 components if there are any.
    private static func largeAnswer(_ random: inout FixedGenerator, vectors: [Float]?) throws -> [ScoredPoint] {
        try (0..<100).map { place in
            let words = (0..<240).map { _ in "\(UInt32.random(in: 0..<1_000_000, using: &random))" }
            let text = #"{"name":"product \#(place)","text":"\#(words.joined(separator: " "))"}"#
            return ScoredPoint(
                id: .number(UInt64(place) * 7919), version: UInt64(place), score: Float.random(in: 0..<1, using: &random),
                payload: try Payload(json: text),
                vectors: vectors.map { .unnamed(.dense(Array($0[place * 384..<(place + 1) * 384]))) })
        }
    }

    /// Sets over 100,000 slots.
    private static func slots() -> [Benchmark] {
        var random = FixedGenerator()
        let count = 100_000
        let (first, second) = (SlotBitmap(bitCount: count), SlotBitmap(bitCount: count))
        let work = SlotBitmap(bitCount: count)
        for slot in 0..<count {
            if Bool.random(using: &random) { first.insert(UInt32(slot)) }
            if UInt8.random(in: 0..<10, using: &random) == 0 { second.insert(UInt32(slot)) }
        }
        return [
            Benchmark("slots/and of 100,000") {
                work.copy(from: first)
                work.formIntersection(second)
                qms_use(UInt64(work.words[0]))
            },
            Benchmark("slots/count of 100,000") { qms_use(UInt64(first.count)) },
            Benchmark("slots/walk 10,000 of 100,000") {
                var sum: UInt64 = 0
                second.forEach { sum &+= UInt64($0) }
                qms_use(sum)
            },
        ]
    }
}
