import Testing

@testable import QuiverJSON

struct ErrorTests {
    @Test(arguments: [
        ("", JSONError.Code.empty, 1, 1), (" \n ", .empty, 2, 2), ("[1,]", .trailingComma, 1, 4), ("{\"a\":1,}", .trailingComma, 1, 8),
        ("[1 2]", .expectedCommaOrBracket, 1, 4), ("[\"a\" 2]", .expectedCommaOrBracket, 1, 6), ("{\"a\" 1}", .expectedColon, 1, 6),
        ("{\"a\":1 \"b\":2}", .expectedCommaOrBrace, 1, 8), ("{1:2}", .expectedKey, 1, 2), ("{\n  \"a\": nul\n}", .expectedValue, 2, 8),
        ("[1] x", .trailingCharacters, 1, 5), ("1 2", .trailingCharacters, 1, 3), ("[1", .unexpectedEnd, 1, 3), ("{\"a\":", .unexpectedEnd, 1, 6),
        ("\"abc", .unterminatedString, 1, 5), ("\"a\nb\"", .controlCharacter, 1, 3), ("\"\\x\"", .invalidEscape, 1, 2),
        ("[\"ab\\ud800\"]", .loneSurrogate, 1, 5), ("\"\\udc00\"", .loneSurrogate, 1, 2), ("\"\\u12g4\"", .invalidEscape, 1, 2),
        ("[1,\n01]", .invalidNumber, 2, 1), ("]", .expectedValue, 1, 1), ("[}", .expectedValue, 1, 2), ("[,1]", .expectedValue, 1, 2),
        ("{\"a\":}", .expectedValue, 1, 6), ("[truex]", .expectedValue, 1, 2), ("\u{FEFF}[]", .expectedValue, 1, 1), ("[1.5}", .expectedCommaOrBracket, 1, 5),
    ] as [(String, JSONError.Code, Int, Int)])
    func placesAndTexts(text: String, code: JSONError.Code, line: Int, column: Int) {
        let error = #expect(throws: JSONError.self) { try parse(text) }
        #expect(error?.code == code)
        #expect(error?.line == line)
        #expect(error?.column == column)
        #expect(error.map { "\($0)".hasSuffix(" at line \(line) column \(column)") } == true)
    }

    @Test func invalidUTF8HasItsPlace() {
        for bad: [UInt8] in [[0x80], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82], [0xFF]] {
            let error = #expect(throws: JSONError.self) { try parse(Array("[\"é".utf8) + bad + Array("\"]".utf8)) }
            #expect(error?.code == .invalidUTF8)
            #expect(error?.byteOffset == 4)
        }
    }

    @Test func depthIsBounded() throws {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            func nested(_ depth: Int) -> String { String(repeating: open, count: depth) + (open == "[" ? "" : "1") + String(repeating: close, count: depth) }
            _ = try parse(nested(127))
            let error = #expect(throws: JSONError.self) { try parse(nested(128)) }
            #expect(error?.code == .recursionLimitExceeded)
            #expect(error?.byteOffset == 127 * open.utf8.count)
            #expect(error?.description.hasPrefix("recursion limit exceeded") == true)
            // A limit far above what stands in the document, and a document that only opens.
            let deep = JSONParser(maximumDepth: 1_000_000)
            #expect(try deep.withParsed(bytes: Array(nested(100_000).utf8)) { root in root.count } == 1)
            #expect(throws: JSONError.self) { try deep.withParsed(bytes: Array(String(repeating: open, count: 100_000).utf8)) { root in root.count } }
        }
        // A packed array counts as a level.
        #expect(throws: JSONError.self) { try JSONParser(maximumDepth: 1).withParsed(bytes: Array("[[1.5]]".utf8)) { root in root.count } }
    }
}
