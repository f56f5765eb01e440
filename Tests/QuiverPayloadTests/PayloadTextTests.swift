import QuiverJSON
import QuiverModel
import QuiverPayload
import Testing

@Suite("Payload text")
struct PayloadTextTests {
    private let parser = JSONParser()

    private func payload(_ text: String) throws -> Payload { try PayloadText.parse(text, with: parser) }

    @Test("is minified and keeps key order and number forms")
    func parsing() throws {
        let text = #" { "b" : [ 1.0 , 1e5, 18446744073709551616 ] , "a\u0062" : "x y" , "n": null } "#
        #expect(try payload(text).text == #"{"b":[1.0,1e5,18446744073709551616],"a\u0062":"x y","n":null}"#)
        #expect(throws: PayloadError.notAnObject) { try payload("[1]") }
        #expect(throws: PayloadError.notAnObject) { try payload("3") }
        #expect(throws: PayloadError.self) { try payload(#"{"a":NaN}"#) }
        #expect(throws: PayloadError.self) { try payload(#"{"a":1"#) }
    }

    @Test("keeps the last of several members with one name")
    func repeatedKeys() throws {
        #expect(try payload(#"{"a":1,"b":2,"a":3}"#).text == #"{"a":3,"b":2}"#)
        #expect(try payload(#"{"x":[{"a":1,"\u0061":2}]}"#).text == #"{"x":[{"a":2}]}"#)
        let many = "{" + (0..<100).map { "\"k\($0 % 50)\":\($0)" }.joined(separator: ",") + "}"
        let kept = "{" + (50..<100).map { "\"k\($0 % 50)\":\($0)" }.joined(separator: ",") + "}"
        #expect(try payload(many).text == kept)
    }

    /// Key order is Qdrant's own affair, so results are compared member by member.
    @Test("is edited and cut as Qdrant 1.19 does")
    func edits() throws {
        for line in qdrantEdits.split(separator: "\n") {
            let columns = line.split(separator: "|", omittingEmptySubsequences: false).map(trimmed)
            let paths = columns[2].split(separator: " ").compactMap { PayloadPath(String($0)) }
            let selected = try payload(qdrantSelectedPayload)
            let result: Payload?
            switch columns[0] {
            case "set": result = PayloadText.merge(try payload(columns[3]), into: try payload(columns[1]), at: paths.first)
            case "delete": result = PayloadText.removing(paths, from: try payload(columns[1]))
            case "include": result = PayloadText.select(.include(paths), from: selected)
            default: result = PayloadText.select(.exclude(paths), from: selected)
            }
            let text = try #require(result).text
            #expect(try sorted(text) == (try sorted(columns[4])), "\(line) gave \(text)")
        }
    }

    @Test("keeps untouched parts byte for byte")
    func untouched() throws {
        let old = try payload(#"{"z":1.00,"a":{"q":1e2,"\u0062":[0.10]},"m":-0}"#)
        #expect(
            PayloadText.merge(try payload(#"{"new":5.0,"m":7}"#), into: old).text
                == #"{"z":1.00,"a":{"q":1e2,"\u0062":[0.10]},"m":7,"new":5.0}"#)
        #expect(
            PayloadText.merge(try payload(#"{"b":null}"#), into: old, at: PayloadPath("a")).text
                == #"{"z":1.00,"a":{"q":1e2},"m":-0}"#)
        let path = try #require(PayloadPath("a.b"))
        #expect(PayloadText.removing([path], from: old).text == #"{"z":1.00,"a":{"q":1e2},"m":-0}"#)
        #expect(PayloadText.select(.include([path]), from: old)?.text == #"{"a":{"\u0062":[0.10]}}"#)
    }

    @Test("gives the values at a path and the keys of groups")
    func values() throws {
        let text = try payload(
            #"{"t":["a","a",3,18446744073709551615,"\u0061b"],"m":["a",2.5],"s":"one","o":[{"k":1},{"k":[2,3]}]}"#)
        func keys(_ path: String) throws -> [GroupID] {
            PayloadText.groupKeys(of: text, at: try #require(PayloadPath(path)))
        }
        #expect(try keys("t") == [.string("a"), .integer(3), .unsigned(.max), .string("ab")])
        #expect(try keys("t[]") == (try keys("t")))
        #expect(try keys("m") == [])
        #expect(try keys("s") == [.string("one")])
        #expect(try keys("o[].k") == [.integer(1), .integer(2), .integer(3)])
        #expect(try keys("missing") == [])
        let path = try #require(PayloadPath("o[].k"))
        let found = unsafe text.utf8.withUnsafeBytes { raw in
            unsafe PayloadText.values(raw, at: CompiledPath(path))
        }
        #expect(found == [Array("1".utf8), Array("[2,3]".utf8)])
    }

    private func trimmed(_ text: Substring) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }

    /// The text with the members of every object in the order of their names.
    private func sorted(_ text: String) throws -> String {
        func write(_ node: JSONNode) -> String {
            if node.isObject {
                let members = node.members.map { ($0.key, write($0)) }.sorted { $0.0 < $1.0 }
                return "{" + members.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
            }
            if node.isArray { return "[" + node.elements.map(write).joined(separator: ",") + "]" }
            var writer = JSONWriter()
            writer.value(minified: node)
            return String(decoding: writer.bytes, as: UTF8.self)
        }
        return try parser.withParsed(bytes: Array(text.utf8), mapError: { (error) in PayloadError.json(error) }) {
            (root) throws(PayloadError) in write(root)
        }
    }

    @Test("loses many paths at once as one after the other", arguments: seeds)
    func removesTogether(seed: UInt64) throws {
        var samples = RandomSamples(random: SeededGenerator(seed: seed))
        let parser = JSONParser()
        for _ in 0..<300 {
            let payload = try PayloadText.parse(samples.object(3).text, with: parser)
            let paths = RandomSamples.paths.filter { _ in samples.random.chance(30) }
            let apart = paths.reduce(payload) { PayloadText.removing([$1], from: $0) }
            #expect(PayloadText.removing(paths, from: payload) == apart, "seed \(seed): \(paths) of \(payload)")
        }
    }

    @Test("follows thousands of keys in one pass")
    func manyKeys() throws {
        let members = (0..<4000).map { "\"k\($0)\":{\"a\":\($0),\"b\":1}" }
        let payload = try PayloadText.parse("{" + members.joined(separator: ",") + "}", with: JSONParser())
        let paths = stride(from: 0, to: 4000, by: 2).compactMap { PayloadPath("k\($0).a") }
        let without = PayloadText.removing(paths, from: payload)
        #expect(without == PayloadText.select(.exclude(paths), from: payload))
        #expect(PayloadText.values(of: without, at: "k2") == [Array("{\"b\":1}".utf8)])
        #expect(PayloadText.values(of: without, at: "k3") == [Array("{\"a\":3,\"b\":1}".utf8)])
        let only = try #require(PayloadText.select(.include(paths), from: payload))
        #expect(PayloadText.values(of: only, at: "k2") == [Array("{\"a\":2}".utf8)])
        #expect(PayloadText.values(of: only, at: "k3").isEmpty)
    }
}

extension PayloadText {
    fileprivate static func values(of payload: Payload, at path: String) -> [[UInt8]] {
        guard let path = PayloadPath(path) else { return [] }
        return unsafe payload.utf8.withUnsafeBytes { unsafe values($0, at: CompiledPath(path)) }
    }
}
