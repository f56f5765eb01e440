import QuiverModel
import QuiverText
import Testing

@Suite struct SegmenterTests {
    /// Recorded from Qdrant's engine.
    @Test(arguments: [
        (
            "This is english text. It's being used within Qdrant's code in a unit test.",
            ["this", "is", "english", "text", "it", "s", "being", "used", "within", "qdrant", "s", "code", "in", "a", "unit", "test"]
        ),
        ("Die Straße ist schön", ["die", "straße", "ist", "schon"]),
        ("camelCase snake_case x2y z=1 1,234 $5", ["camelcase", "snake", "case", "x2y", "z=1"]),
        ("cœur Ærø İstanbul Việt", ["coeur", "aerø", "istanbul", "viet"]),
        ("Ὀδυσσεύς ΣΊΣΥΦΟΣ", ["οδυσσευσ", "σισυφοσ"]),
        ("السَّلامُ المدرسة", ["ال", "سلام", "ال", "مدرسه"]),
        ("יְרוּשָׁלַיִם", ["ירושלים"]),
        ("孩子们在公园里玩耍。", ["孩子", "們", "在", "公园", "里", "玩耍"]),
        ("语", ["語"]),
        ("本日の日付は", ["本日", "の", "日付", "は"]),
        ("漢か abc", ["漢か", "abc"]),
        ("มาทำงานกันเถอะ", ["มา", "ทางาน", "กน", "เถอะ"]),
    ])
    func wordsAreThoseOfTheEngine(text: String, tokens: [String]) {
        #expect(TextAnalyzer(TextOptions(tokenizer: .multilingual)).documentTokens(text) == tokens)
    }

    @Test func japaneseTextsStayAsTheyAreWritten() {
        let options = TextOptions(
            tokenizer: .multilingual, minTokenLength: 2, lowercase: true, asciiFolding: true,
            stopwords: .set(languages: nil, custom: ["は", "Qd"]), stemmer: .snowball(.english))
        #expect(TextAnalyzer(options).documentTokens("本日の日付はQd") == ["本日", "の", "日付", "qd"])
    }

    @Test func lettersOfOtherScriptsTakeTheWholeWay() {
        let options = TextOptions(tokenizer: .multilingual, stopwords: .language(.english), stemmer: .snowball(.english))
        #expect(TextAnalyzer(options).documentTokens("The Running Cafés") == ["run", "cafe"])
    }
}
