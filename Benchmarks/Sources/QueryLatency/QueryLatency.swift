import Quiver

/// Times queries inside the process, one after the other: what the engine takes without HTTP and JSON.
///
///     query-latency STORAGE COLLECTION [QUERIES]
///
/// Opens a storage directory that no server has open, takes vectors of the collection's own points as queries, and
/// prints one line of JSON for each `hnsw_ef`: the median and the 99th percentile in microseconds.
@main
struct QueryLatency {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 3 else {
            print("usage: query-latency STORAGE COLLECTION [QUERIES]")
            return
        }
        let database = try Database.open(arguments[1])
        defer { database.close() }
        let collection = try database.collection(arguments[2])
        let count = arguments.count > 3 ? Int(arguments[3]) ?? 500 : 500
        let vectors = try await queries(collection, count: count)
        for ef in [nil, 64, 128, 256] as [Int?] {
            let times = try await time(vectors, in: collection, ef: ef)
            let name = ef.map(String.init) ?? "null"
            print(
                "{\"what\":\"engine query\",\"ef\":\(name),\"queries\":\(times.count)"
                    + ",\"p50_us\":\(times[times.count / 2]),\"p99_us\":\(times[times.count * 99 / 100])}")
        }
    }

    /// Vectors of points spread over the collection.
    private static func queries(_ collection: Collection, count: Int) async throws -> [[Float]] {
        let page = try await collection.scroll(
            ScrollRequest(limit: 1_000_000, withPayload: .none, withVectors: .all))
        let step = max(1, page.records.count / count)
        return stride(from: 0, to: page.records.count, by: step).compactMap { index in
            if case .unnamed(.dense(let vector))? = page.records[index].vectors { return vector }
            return nil
        }
    }

    private static func time(_ vectors: [[Float]], in collection: Collection, ef: Int?) async throws -> [Int] {
        var times: [Int] = []
        // The first of four rounds warms up.
        for round in 0..<4 {
            for vector in vectors {
                let request = QueryRequest(query: .nearest(.dense(vector)), params: SearchParams(hnswEf: ef), limit: 10)
                let start = ContinuousClock.now
                _ = try await collection.query(request)
                let (seconds, attoseconds) = (ContinuousClock.now - start).components
                if round > 0 { times.append(Int(seconds) * 1_000_000 + Int(attoseconds / 1_000_000_000_000)) }
            }
        }
        return times.sorted()
    }
}
