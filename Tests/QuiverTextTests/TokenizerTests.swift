import QuiverModel
import QuiverTestKit
import QuiverText
import Testing

@Suite struct TokenizerTests {
    @Test func wordsAreLettersAndDigits() {
        let analyzer = TextAnalyzer(TextOptions())
        #expect(analyzer.documentTokens("Hello, World! Привет, мир! x2-y") == ["hello", "world", "привет", "мир", "x2", "y"])
        #expect(analyzer.documentTokens("½ Ⅳ 한국어 a\u{301}b co\u{AD}op") == ["½", "ⅳ", "한국어", "a", "b", "co", "op"])
        #expect(analyzer.queryTokens("  ").isEmpty)
    }

    @Test func whitespaceKeepsWhatStandsBetween() {
        let analyzer = TextAnalyzer(TextOptions(tokenizer: .whitespace, lowercase: false))
        #expect(analyzer.documentTokens(" Hello,\tWorld!\u{3000}ΑΣ\u{200B}x ") == ["Hello,", "World!", "ΑΣ\u{200B}x"])
    }

    @Test func prefixesAreOfTheAllowedLengths() {
        let analyzer = TextAnalyzer(TextOptions(tokenizer: .prefix, minTokenLength: 2, maxTokenLength: 4))
        #expect(analyzer.documentTokens("Hello, мир!") == ["he", "hel", "hell", "ми", "мир"])
        #expect(analyzer.queryTokens("Hello, мир! a") == ["hell", "мир"])
    }

    /// Queries are looked up by words that are not written to their end, so a stop word may be the beginning of one.
    @Test func prefixQueriesKeepStopWords() {
        let options = TextOptions(tokenizer: .prefix, stopwords: .language(.english))
        #expect(TextAnalyzer(options).documentTokens("the").isEmpty)
        #expect(TextAnalyzer(options).queryTokens("the") == ["the"])
    }

    @Test(arguments: [
        (0, 2, ["", "h", "he"], ["he"]), (0, 0, [""], [""]), (3, 2, [], ["he"]), (5, 9, ["hello"], ["hello"]),
    ])
    func prefixesOfOddLengths(minimum: Int, maximum: Int, documents: [String], queries: [String]) {
        let analyzer = TextAnalyzer(TextOptions(tokenizer: .prefix, minTokenLength: minimum, maxTokenLength: maximum))
        #expect(analyzer.documentTokens("hello") == documents)
        #expect(analyzer.queryTokens("hello") == queries)
    }

    @Test func lengthsCountCharacters() {
        let analyzer = TextAnalyzer(TextOptions(minTokenLength: 2, maxTokenLength: 3))
        #expect(analyzer.documentTokens("é éé ééé éééé 𐐀𐐁 日本語") == ["éé", "ééé", "𐐨𐐩", "日本語"])
    }

    @Test func smallLettersFollowTheirPlace() {
        let analyzer = TextAnalyzer(TextOptions())
        #expect(analyzer.documentTokens("ΌΣΟΣ Σ İX ẞ Ǆ") == ["όσος", "σ", "i\u{307}x", "ß", "ǆ"])
    }

    @Test func foldingComesBeforeCase() {
        let analyzer = TextAnalyzer(TextOptions(asciiFolding: true))
        #expect(analyzer.documentTokens("Ação Æsop Straße Łódź ① ﬁ 日本") == ["acao", "aesop", "strasse", "lodz", "1", "fi", "日本"])
        let asWritten = TextAnalyzer(TextOptions(tokenizer: .whitespace, lowercase: false, asciiFolding: true))
        #expect(asWritten.documentTokens("“quote”—⒊ Œ") == ["\"quote\"-3.", "OE"])
    }

    /// The words of a random text, told once more by what Swift says of each scalar.
    @Test func wordsAgreeWithTheDefinition() {
        var random = SeededGenerator(seed: runSeed("wordsAgreeWithTheDefinition"))
        let ranges: [ClosedRange<UInt32>] = [0x20...0x7E, 0x20...0x7E, 0xA0...0x24F, 0x370...0x52F, 0x600...0x1FFF, 0x3000...0xD7FF, 0x1F300...0x1F9FF]
        let analyzer = TextAnalyzer(TextOptions(lowercase: false))
        for _ in 0..<300 {
            var scalars = String.UnicodeScalarView()
            for _ in 0..<random.below(60) {
                let range = random.pick(ranges)
                if let scalar = Unicode.Scalar(range.lowerBound + UInt32(random.below(range.count))) { scalars.append(scalar) }
            }
            let words = scalars.split { scalar in
                switch scalar.properties.generalCategory {
                case .decimalNumber, .letterNumber, .otherNumber: false
                default: !scalar.properties.isAlphabetic
                }
            }
            let expected = words.map { Array(String($0).utf8) }
            #expect(analyzer.documentTokens(String(scalars)).map { Array($0.utf8) } == expected)
        }
    }

    @Test(arguments: Tokenizer.allCases)
    func hostileTextsAreTokenized(tokenizer: Tokenizer) {
        let options = TextOptions(
            tokenizer: tokenizer, minTokenLength: 1, maxTokenLength: 12, asciiFolding: true,
            stopwords: .set(languages: StopwordLanguage.allCases, custom: ["", " ", "a b"]), stemmer: .snowball(.finnish))
        let analyzer = TextAnalyzer(options)
        let texts = [
            "", "\0", "\0a\0b\0", String(repeating: "x", count: 100_000), String(repeating: "é\u{301}", count: 50_000),
            String(repeating: "日本語かな", count: 5_000), String(repeating: "ไทย", count: 5_000), "👩‍👩‍👧🏳️‍🌈", "\u{FEFF}\u{10FFFF}\u{FFFE}",
            String(repeating: "\u{FDFA}", count: 2_000), String(repeating: "ا", count: 3), "ال", "\u{301}\u{301}", "00", "é0é",
        ]
        for text in texts {
            for token in analyzer.documentTokens(text) + analyzer.queryTokens(text) {
                #expect(token.unicodeScalars.count <= 12 || tokenizer == .multilingual)
            }
        }
    }
}
