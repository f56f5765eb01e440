import QuiverModel
import QuiverText
import Testing

@Suite struct StemmerTests {
    /// Recorded from Qdrant's engine; each language, and what newer Snowball algorithms would stem in another way.
    static let known: [(StemmerLanguage, [(word: String, stem: String)])] = [
        (.arabic, [("والكتاب", "والكتاب"), ("المدرسة", "مدرس"), ("كتب،", "كتب")]),
        (.armenian, [("քաղաքներում", "քաղ"), ("գեղեցկություն", "գեղեցկությ")]),
        (.danish, [("undersøgelse", "undersøg"), ("afsatjj00", "afsatjj0"), ("bilerne", "bil")]),
        (.dutch, [("lichamelijkheid", "licham"), ("werkende", "werkend")]),
        (.english, [("running", "run"), ("generously", "generous"), ("skis", "ski")]),
        (.finnish, [("taloissammekin", "talo"), ("e00", "e0")]),
        (
            .french,
            [
                ("continuellement", "continuel"), ("laïcité", "laïcit"), ("exiguë", "exigu"), ("aiguë", "aiguë"),
                ("ambiguïté", "ambiguït"),
            ]
        ),
        (.german, [("aufeinanderfolgenden", "aufeinanderfolg"), ("häuser", "haus")]),
        (.greek, [("θαλασσες", "θαλασσ"), ("ανθρωπους", "ανθρωπ")]),
        (.hungarian, [("házakban", "ház"), ("szépségével", "szépség")]),
        (.italian, [("abbandonata", "abbandon"), ("propriamente", "propr")]),
        (.norwegian, [("husene", "hus"), ("havnedistriktet", "havnedistrikt")]),
        (.portuguese, [("boataria", "boat"), ("quilômetros", "quilômetr")]),
        (.romanian, [("copiilor", "cop"), ("frumoasele", "frumoas")]),
        (.russian, [("ещё", "ещё"), ("всё", "всё"), ("важнейшими", "важн"), ("ребёнка", "ребёнк")]),
        (.spanish, [("cheques", "chequ"), ("torneados", "torn")]),
        (.swedish, [("jaktkarlarne", "jaktkarl"), ("husen", "hus")]),
        (.tamil, [("புத்தகங்கள்", "புத்தகம்"), ("மரங்களில்", "மரங்")]),
        (.turkish, [("evlerimizde", "ev"), ("kitapçılar", "kitapçı")]),
    ]

    @Test(arguments: known.indices)
    func stemsAreThoseOfTheEngine(index: Int) {
        let (language, words) = Self.known[index]
        let analyzer = TextAnalyzer(TextOptions(tokenizer: .whitespace, stemmer: .snowball(language)))
        for (word, stem) in words { #expect(analyzer.documentTokens(word) == [stem]) }
    }

    @Test func everyLanguageIsKnown() {
        #expect(Set(Self.known.map(\.0)) == Set(StemmerLanguage.allCases))
    }

    /// A stemmer keeps its last result; analyzers are shared.
    @Test func threadsDoNotDisturbEachOther() async {
        let analyzer = TextAnalyzer(
            TextOptions(tokenizer: .whitespace, stopwords: .language(.french), stemmer: .snowball(.french)))
        let texts = (0..<64).map { text in
            (0..<200).map { "continuellement\($0 % 7) laïcité naïves exiguë étudiantes\(text)" }.joined(separator: " ")
        }
        let expected = texts.map(analyzer.documentTokens)
        await withTaskGroup(of: (Int, [String]).self) { group in
            for round in 0..<4 {
                for index in texts.indices {
                    group.addTask { (index, round % 2 == 0 ? analyzer.documentTokens(texts[index]) : analyzer.queryTokens(texts[index])) }
                }
            }
            for await (index, tokens) in group { #expect(tokens == expected[index]) }
        }
    }
}
