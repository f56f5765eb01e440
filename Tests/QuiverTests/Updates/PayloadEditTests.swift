import Foundation
import Quiver
import QuiverPayload
import Testing

@testable import Quiver

/// What Qdrant's engine made of random edits of payloads (`Tests/Support/payload_edits.py`), against what is made of them
/// here.
struct PayloadEditTests {
    private func text(_ value: Any?) throws -> String {
        let data = try JSONSerialization.data(withJSONObject: value ?? [:], options: [.sortedKeys])
        return String(decoding: data, as: UTF8.self)
    }

    private func payload(_ value: Any?) throws -> Payload { try Payload(json: try text(value)) }

    @Test func agreesWithRecordedEdits() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "../../Data/payload_edits.jsonl")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        for line in lines {
            let record = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            let before = try payload(record["before"])
            let after: Payload
            switch record["kind"] as? String {
            case "set":
                let key = try (record["key"] as? String).map { try PayloadPath(parsing: $0) }
                after = PayloadText.merge(try payload(record["payload"]), into: before, at: key)
            case "delete":
                let keys = try (record["keys"] as? [String] ?? []).map { try PayloadPath(parsing: $0) }
                after = PayloadText.removing(PathTree(keys), from: before)
            default: after = try payload(record["payload"])
            }
            let found = try text(JSONSerialization.jsonObject(with: Data(after.text.utf8)))
            #expect(try found == text(record["after"]), "\(line)")
        }
        #expect(lines.count == 1000)
    }
}
