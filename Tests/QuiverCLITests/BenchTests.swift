import ArgumentParser
import QuiverTestKit
import Testing

@testable import QuiverCLI

struct BenchTests {
    /// Against sorting: every quantile is the value of that rank, at most 0.8 % and a nanosecond above it.
    @Test(arguments: [0.5, 0.9, 0.99, 0.999, 1.0])
    func quantilesAreThoseOfSortedValues(share: Double) {
        var random = SeededGenerator()
        var histogram = LatencyHistogram()
        var values: [UInt64] = []
        for _ in 0..<20_000 {
            // Many magnitudes.
            let value = UInt64.random(in: 0...UInt64.max >> UInt64.random(in: 20...60, using: &random), using: &random)
            values.append(value)
            histogram.record(nanoseconds: value)
        }
        values.sort()
        let rank = Int((share * Double(values.count)).rounded(.up)) - 1
        let told = histogram.quantile(share)
        #expect(told >= values[rank], "seed \(random.seed)")
        #expect(Double(told) <= Double(values[rank]) * 1.008 + 1, "seed \(random.seed)")
        #expect(histogram.maximum == values.last && histogram.count == 20_000)
    }

    @Test func histogramsAdd() {
        var first = LatencyHistogram()
        var second = LatencyHistogram()
        first.record(nanoseconds: 1)
        second.record(nanoseconds: 1000)
        first.add(second)
        #expect(first.count == 2 && first.maximum == 1000 && first.mean == 500.5 && first.quantile(0.5) == 1)
        #expect(LatencyHistogram().quantile(0.5) == 0)
    }

    private func head(_ text: String) -> ResponseHead? {
        Array(text.utf8).withUnsafeBytes { ResponseHead.read($0, searched: 0) }
    }

    @Test func answersAreRead() throws {
        let plain = try #require(head("HTTP/1.1 200 OK\r\ncontent-type: a\r\nCONTENT-Length:  17\r\n\r\nbody"))
        #expect(plain.status == 200 && plain.contentLength == 17 && !plain.isChunked && !plain.closes)
        #expect(plain.byteCount == 56)
        let chunked = try #require(head("HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"))
        #expect(chunked.status == 503 && chunked.isChunked && chunked.closes && chunked.contentLength == nil)
        #expect(try #require(head("HTTP/1.0 200 OK\r\n\r\n")).closes)
        #expect(head("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n") == nil)
        #expect(try #require(head("SSH-2.0-OpenSSH_9.2\r\n\r\n")).status == 0)
    }

    @Test func loadFlags() throws {
        let command = try #require(
            try QuiverCommand.parseAsRoot([
                "bench", "load", "mixed", "--collection", "c", "--vectors", "v.npy", "--rate", "10", "--query-share", "0.9",
            ]) as? BenchLoadCommand)
        #expect(command.mode == .mixed && command.rate == 10 && command.queryShare == 0.9 && command.connections == 1)
    }

    @Test(arguments: [
        ["bench", "load", "query", "--collection", "c"],
        ["bench", "load", "dance", "--collection", "c", "--vectors", "v"],
        ["bench", "load", "query", "--collection", "c", "--vectors", "v", "--rate", "0"],
        ["bench", "load", "query", "--collection", "c", "--vectors", "v", "--query-share", "2"],
    ])
    func wrongUsage(arguments: [String]) {
        #expect(throws: (any Error).self) { try QuiverCommand.parseAsRoot(arguments) }
    }
}
