import QuiverJSON
import Synchronization
import Testing

@testable import QuiverCLI

struct ProgressTests {
    private final class Written: Sendable {
        let text = Mutex("")
        func append(_ more: String) { text.withLock { $0 += more } }
        var all: String { text.withLock { $0 } }
    }

    private func run(_ form: Progress.Form, _ body: (Progress) -> Void) -> String {
        let written = Written()
        body(Progress(form: form, write: { written.append($0) }))
        return written.all
    }

    @Test func linesTellTheEnd() {
        let text = run(.lines) { progress in
            progress.begin("copying", total: 4, unit: .points)
            for _ in 0..<4 { progress.advance(1) }
            progress.note("by the way")
            progress.end()
        }
        #expect(text.hasPrefix("by the way\ncopying: 100 % 4/4 points, ") && text.hasSuffix("/s\n"))
    }

    @Test func barsAreDrawnOver() {
        let text = run(.bar) { progress in
            progress.begin("reading", total: 2048, unit: .bytes)
            progress.note("a note")
            progress.advance(2048)
            progress.end()
        }
        #expect(text.hasPrefix("\r\u{1B}[Kreading: [··") && text.contains("\r\u{1B}[Ka note\n"))
        #expect(text.contains("100 % 2.0 KiB/2.0 KiB") && text.hasSuffix("\n"))
    }

    @Test func machinesReadLines() throws {
        let text = run(.json) { progress in
            progress.begin("copying \"x\"", total: 2, unit: .points, before: 1)
            progress.advance(1)
            progress.note("careful")
            progress.event("result") { $0.member("sound", true) }
            progress.end()
        }
        let lines = try text.split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
        #expect(lines.map { $0["event"]?.string } == ["note", "result", "progress"])
        #expect(lines[2]["activity"]?.string == "copying \"x\"" && lines[2]["done"]?.count == 2)
        #expect(lines[1]["sound"]?.bool == true)
        #expect(run(.lines) { $0.event("result") { $0.member("x", 1) } } == "")
    }

    @Test func amountsOfBytes() {
        #expect([0, 1023, 1024, 1536, 10 << 20, 3 << 30].map(ByteCount.text) == [
            "0 B", "1023 B", "1.0 KiB", "1.5 KiB", "10 MiB", "3.0 GiB",
        ])
    }
}
