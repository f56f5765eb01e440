import QuiverModel
import QuiverText
import Testing

@Suite struct TokenizerTests {
    @Test func wordsAreLettersAndDigits() {
        let analyzer = TextAnalyzer(TextOptions())
        #expect(analyzer.documentTokens("Hello, World! Привет, мир! x2-y") == ["hello", "world", "привет", "мир", "x2", "y"])
        #expect(analyzer.queryTokens("  ").isEmpty)
    }

    @Test func prefixesAreOfTheAllowedLengths() {
        let analyzer = TextAnalyzer(TextOptions(tokenizer: .prefix, minTokenLength: 2, maxTokenLength: 4))
        #expect(analyzer.documentTokens("Hello, мир!") == ["he", "hel", "hell", "ми", "мир"])
        #expect(analyzer.queryTokens("Hello, мир! a") == ["hell", "мир"])
    }

    @Test func whitespaceKeepsWhatStandsBetween() {
        let analyzer = TextAnalyzer(TextOptions(tokenizer: .whitespace, lowercase: false))
        #expect(analyzer.documentTokens(" Hello,\tWorld!\u{3000}ΑΣ ") == ["Hello,", "World!", "ΑΣ"])
    }
}
