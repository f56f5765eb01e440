import Foundation
import QuiverServer
import Testing

/// docs/COMPATIBILITY.md lists every route; that part of it is written from the table of routes.
///
/// With `QUIVER_WRITE_DOCUMENTS=1` in the environment the file is brought up to date in place of being compared.
@Suite struct CompatibilityTableTests {
    private static let file = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../docs/COMPATIBILITY.md").standardizedFileURL

    /// From the heading of the operations to the next one of its rank.
    private static func operations(in text: String) throws -> Range<String.Index> {
        let start = try #require(text.range(of: "## Operations\n")).lowerBound
        let end = text.range(of: "\n## ", range: text.index(after: start)..<text.endIndex)?.lowerBound
        return start..<(end ?? text.endIndex)
    }

    @Test func theDocumentSaysWhatTheTableSays() throws {
        var text = try String(contentsOf: Self.file, encoding: .utf8)
        let range = try Self.operations(in: text)
        let expected = Self.generated()
        if ProcessInfo.processInfo.environment["QUIVER_WRITE_DOCUMENTS"] == "1" {
            text.replaceSubrange(range, with: expected)
            try text.write(to: Self.file, atomically: true, encoding: .utf8)
        } else {
            #expect(text[range] == expected, "run the tests once with QUIVER_WRITE_DOCUMENTS=1")
        }
    }

    private static func generated() -> String {
        var text = """
            ## Operations

            | state | meaning |
            |---|---|
            | same | as in Qdrant; what fields of it are refused is in the list below |
            | differs | works, with the difference that is told |
            | refused | answers as it is told, and does nothing |

            """
        for (title, routes) in RouteTable.groups {
            text += "\n### \(title)\n\n| operation | state | remarks |\n|---|---|---|\n"
            for route in routes {
                let (state, remarks) =
                    switch route.compatibility {
                    case .same(let remarks): ("same", remarks ?? "")
                    case .differs(let how): ("differs", how)
                    case .refused(let how): ("refused", how)
                    }
                text += "| `\(route.label)` | \(state) |\(remarks.isEmpty ? "" : " \(remarks)") |\n"
            }
        }
        return text
    }

    @Test func whatIsNotThereIsRefused() {
        for route in RouteTable.routes {
            switch (route.operation, route.compatibility) {
            case (.unavailable, .refused), (.clusterOnly, .same): break
            case (.unavailable, _), (.clusterOnly, _): Issue.record("\(route.label)")
            default: break
            }
        }
    }
}
