import QuiverModel
import QuiverText
import Testing

@Suite struct StopwordTests {
    /// As many words as Qdrant's engine leaves out.
    static let counts: [StopwordLanguage: Int] = [
        .arabic: 696, .azerbaijani: 164, .basque: 231, .bengali: 398, .catalan: 277, .chinese: 841, .danish: 94, .dutch: 101,
        .english: 179, .finnish: 229, .french: 157, .german: 232, .greek: 265, .hebrew: 185, .hinglish: 1036, .hungarian: 198,
        .indonesian: 757, .italian: 279, .japanese: 149, .kazakh: 275, .nepali: 253, .norwegian: 172, .portuguese: 207,
        .romanian: 356, .russian: 151, .slovene: 1784, .spanish: 313, .swedish: 114, .tajik: 104, .turkish: 53,
    ]

    @Test(arguments: StopwordLanguage.allCases)
    func listsAreSortedAndLeaveTheirWordsOut(language: StopwordLanguage) {
        let words = StopwordLists.words(of: language).description.unicodeScalars
            .split { $0 == " " || $0 == "\n" }.map { Array(String($0).unicodeScalars.map(\.value)) }
        #expect(words.count == Self.counts[language])
        #expect(zip(words, words.dropFirst()).allSatisfy { $0.lexicographicallyPrecedes($1) })

        let analyzer = TextAnalyzer(TextOptions(tokenizer: .whitespace, stopwords: .language(language)))
        #expect(analyzer.documentTokens(StopwordLists.words(of: language).description).isEmpty)
        #expect(analyzer.documentTokens("quiverstore") == ["quiverstore"])
    }

    @Test func wordsOfLanguagesAndOnesOwnAddUp() {
        let options = TextOptions(stopwords: .set(languages: [.english, .german], custom: ["Fox"]))
        #expect(TextAnalyzer(options).documentTokens("The quick FOX und der Hund") == ["quick", "hund"])
    }

    @Test func wordsAreComparedAsTokensAre() {
        let custom = Stopwords.set(languages: nil, custom: ["Fox", "ὈΔΌΣ"])
        #expect(TextAnalyzer(TextOptions(stopwords: custom)).documentTokens("fox FOX ὀδός ox") == ["ox"])
        #expect(TextAnalyzer(TextOptions(lowercase: false, stopwords: custom)).documentTokens("fox Fox") == ["fox"])
        #expect(TextAnalyzer(TextOptions(lowercase: false, stopwords: .language(.english))).documentTokens("The the") == ["The"])
    }

    @Test func theyAreLeftOutBeforeStemming() {
        let options = TextOptions(stopwords: .set(languages: nil, custom: ["run"]), stemmer: .snowball(.english))
        #expect(TextAnalyzer(options).documentTokens("run running") == ["run"])
    }
}
