import Foundation
import Testing

@testable import QuiverJSON

/// Whole documents against oracles: the generator that made them, Foundation, and a plain strict reader.
struct DocumentTests {
    @Test func randomDocumentsReadAsTheyWereMade() throws {
        var document = RandomDocument(generator: SeededGenerator(test: "random documents"))
        let parser = JSONParser()
        for _ in 0..<2000 {
            document.text = ""
            let expected = document.value(depth: 5)
            let bytes = Array(document.text.utf8)
            let (value, copy) = try parser.withParsed(bytes: bytes) { root in
                (JSONValue(root), written { $0.value(minified: root) })
            }
            #expect(value == expected, "\(document.text)")
            // What is written reads back, minified text is the same document, and reading in place changes nothing.
            #expect(try parse(written { $0.value(expected) }) == expected)
            #expect(try parse(copy) == expected)
            let padded = bytes + (0..<JSONParser.paddingByteCount).map { _ in UInt8.random(in: 0...255, using: &document.generator) }
            let inPlace = try padded.span.withUnsafeBytes { (raw) throws(JSONError) in
                try parser.withParsed(paddedBytes: UnsafeRawBufferPointer(rebasing: raw[..<bytes.count]), mapError: { $0 }) {
                    (root) throws(JSONError) in JSONValue(root)
                }
            }
            #expect(inPlace == expected)
        }
    }

    @Test func randomDocumentsReadAsFoundationReadsThem() throws {
        var document = RandomDocument(generator: SeededGenerator(test: "Foundation"))
        for _ in 0..<500 {
            document.text = ""
            _ = document.value(depth: 4)
            let theirs = try JSONSerialization.jsonObject(with: Data(document.text.utf8), options: .fragmentsAllowed)
            try JSONParser().withParsed(bytes: Array(document.text.utf8)) { root in
                #expect(isSame(root, theirs), "\(document.text)")
            }
        }
    }

    /// Doubles are compared with `strtod` elsewhere: Foundation keeps some numbers as decimals and rounds those its own way.
    private func isSame(_ node: JSONNode, _ theirs: Any) -> Bool {
        switch node.kind {
        case .null: return theirs is NSNull
        case .true, .false: return (theirs as? NSNumber)?.boolValue == node.bool
        case .int64: return (theirs as? NSNumber)?.int64Value == node.int64
        case .uint64: return (theirs as? NSNumber)?.uint64Value == node.uint64
        case .double:
            guard let mine = node.double, let number = (theirs as? NSNumber)?.doubleValue else { return false }
            return abs(mine - number) <= abs(mine) * 1e-12
        case .string: return theirs as? String == node.string
        case .array:
            guard let list = theirs as? [Any], list.count == node.count else { return false }
            return zip(node.elements, list).allSatisfy { isSame($0, $1) }
        case .object:
            guard let object = theirs as? [String: Any] else { return false }
            return object.count == Set(node.members.map(\.key)).count
                && object.allSatisfy { (key, value) in node.member(named: key).map { isSame($0, value) } ?? false }
        }
    }

    @Test func everyTruncationIsAnErrorAtTheEndOrBefore() throws {
        let text = #" {"a": [1, 2.5, -3e-2], "b": {"ké\n\ud83d\ude00": [true, false, null, "x", []]}, "c": [1,2,3], "d": [1.5,"m"]}"#
        let bytes = Array(text.utf8)
        _ = try parse(bytes)
        for count in 0..<bytes.count {
            let error = #expect(throws: JSONError.self) { try parse(Array(bytes[..<count])) }
            #expect((error?.byteOffset ?? .max) <= count)
            // In place the rest of the document is the padding: nothing of it may be read as content.
            _ = #expect(throws: JSONError.self) {
                try (bytes + bytes).span.withUnsafeBytes { (raw) throws(JSONError) in
                    try JSONParser().withParsed(paddedBytes: UnsafeRawBufferPointer(rebasing: raw[..<count]), mapError: { $0 }) {
                        (root) throws(JSONError) in _ = root.kind
                    }
                }
            }
        }
    }

    @Test func mutatedDocumentsAreTakenOrRefusedLikeTheStrictReader() throws {
        var document = RandomDocument(generator: SeededGenerator(test: "mutations"))
        let parser = JSONParser()
        let interesting = Array("{}[],:\"\\u0123456789.-+eEtrufalsn \n\u{0}\u{1f}é".utf8) + [0x80, 0xC0, 0xED, 0xF5, 0xFF]
        var taken = 0
        for _ in 0..<6000 {
            document.text = ""
            _ = document.value(depth: 3)
            var bytes = Array(document.text.utf8)
            for _ in 0..<Int.random(in: 1...3, using: &document.generator) where !bytes.isEmpty {
                let place = bytes.indices.randomElement(using: &document.generator) ?? 0
                let byte = interesting.randomElement(using: &document.generator) ?? 0
                switch Int.random(in: 0..<4, using: &document.generator) {
                case 0: bytes[place] = byte
                case 1: bytes.insert(byte, at: place)
                case 2: bytes.remove(at: place)
                default: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &document.generator)
                }
            }
            let value = try? parser.withParsed(bytes: bytes) { root in
                checkRanges(root)
                return JSONValue(root)
            }
            #expect((value != nil) == StrictReader.accepts(bytes), "\(String(decoding: bytes, as: UTF8.self).debugDescription)")
            guard let value else { continue }
            taken += 1
            #expect(try parse(written { $0.value(value) }) == value)
        }
        #expect(taken > 500)
    }

    /// Every value's text read alone is that value.
    private func checkRanges(_ node: JSONNode) {
        let alone = try? parse(Array(node.rawBytes))
        #expect(alone == JSONValue(node))
        for element in node.elements { checkRanges(element) }
        for member in node.members {
            #expect((try? parse(Array(member.rawKeyBytes))) == .string(member.key))
            checkRanges(member)
        }
    }

    @Test func aParserIsUsedAgainAfterAnythingAndShrinks() throws {
        let parser = JSONParser()
        let large = Array("[\(String(repeating: "[\"\\n\",1.5],", count: 50_000))0]".utf8)
        for _ in 0..<3 {
            #expect(try parser.withParsed(bytes: large) { root in root.count } == 50_001)
            #expect(throws: JSONError.self) { try parser.withParsed(bytes: Array("[1".utf8)) { root in root.count } }
            #expect(parser.memoryByteCount > large.count)
            parser.shrink(keepingByteCount: 1 << 16)
            #expect(parser.memoryByteCount == 0)
            #expect(try parser.withParsed(bytes: Array("[7]".utf8)) { root in root.element(at: 0)?.int64 } == 7)
        }
    }

    @Test func poolsAndDocumentsServeManyThreads() async throws {
        let pool = JSONParserPool(maximumIdleCount: 2)
        let document = try JSONDocument(parsing: Array(#"{"a":[1,2,3]}"#.utf8))
        await withTaskGroup(of: Bool.self) { group in
            for task in 0..<32 {
                group.addTask {
                    let text = Array("[\(task),\"\(task)\"]".utf8)
                    let read = pool.withParser { parser in
                        try? parser.withParsed(bytes: text) { root in
                            root.element(at: 0)?.int64 == Int64(task) && root.element(at: 1)?.string == "\(task)"
                        }
                    }
                    return read == true && document.withRoot { root in root.member("a")?.count } == 3
                }
            }
            for await isRight in group { #expect(isRight) }
        }
        pool.drain()
    }

    /// Text that fits the lent memory, text that does not, and text that just does.
    @Test(arguments: [0, 63, 64, 65, 1000])
    func writesInPlaceAndBeyond(_ reserved: Int) {
        for count in [0, 1, 30, 60, 61, 62, 63, 64, 300] {
            let text = String(repeating: "x", count: count)
            let bytes = JSONWriter.bytes(reservingByteCount: reserved) { writer in
                writer.beginArray()
                writer.value(text)
                writer.value(floats: [1, 2.5])
                writer.endArray()
            }
            #expect(String(decoding: bytes, as: UTF8.self) == "[\"\(text)\",[1.0,2.5]]")
        }
    }
}
