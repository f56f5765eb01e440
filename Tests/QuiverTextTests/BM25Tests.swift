import QuiverModel
import QuiverText
import Testing

@Suite struct BM25Tests {
    @Test(arguments: [
        ("", 0), ("a", 1_009_084_850), ("ab", 2_613_040_991), ("abc", 3_017_643_002), ("abcd", 1_139_631_978),
        ("hello", 613_153_351), ("hello, world", 345_750_399), ("日本語", 2_779_017_879),
    ] as [(String, UInt32)])
    func murmurHashesAreKnown(text: String, hash: UInt32) {
        #expect(Array(text.utf8).withUnsafeBufferPointer(Murmur3.hash) == hash)
    }

    /// Recorded from Qdrant's engine.
    @Test func vectorsAreThoseOfTheEngine() throws {
        let model = try BM25(BM25Options())
        let text = "The quick brown fox jumps over the lazy dogs; the dog sleeps."
        let indices: [UInt32] = [134_749_957, 226_376_294, 741_580_288, 771_291_085, 1_312_749_093, 1_621_867_415, 1_913_189_942]
        let once: Float = 1.656470537185669
        #expect(model.document(text) == SparseVector(indices: indices, values: [once, once, once, once, 1.8899328708648682, once, once]))
        #expect(model.query(text) == SparseVector(indices: indices, values: [Float](repeating: 1, count: 7)))

        let other = try BM25(
            BM25Options(k: 2, b: 0.5, averageLength: 4, language: "german", text: TextOptions(tokenizer: .whitespace)))
        #expect(
            other.document("Die Häuser und die Häuser am See")
                == SparseVector(indices: [18_554_856, 226_476_184], values: [1.600000023841858, 1.0909091234207153]))
    }

    @Test func textsWithoutWordsHaveEmptyVectors() throws {
        let model = try BM25(BM25Options())
        #expect(model.document("the, and!") == SparseVector(indices: [], values: []))
        #expect(model.query("") == SparseVector(indices: [], values: []))
    }

    @Test func optionsThatNameNoSenseAreRefused() {
        #expect(throws: BM25Error.k(-1)) { try BM25(BM25Options(k: -1)) }
        #expect(throws: BM25Error.b(2)) { try BM25(BM25Options(b: 2)) }
        #expect(throws: BM25Error.averageLength(0)) { try BM25(BM25Options(averageLength: 0)) }
        #expect(throws: BM25Error.k(.infinity)) { try BM25(BM25Options(k: .infinity)) }
        #expect(BM25Error.k(-1).description == "BM25 k1 must be finite and >= 0, got -1")
        #expect(BM25Error.b(1.5).description == "BM25 b must be finite and in [0.0, 1.0], got 1.5")
    }

    @Test func languagesAreNamedOrCoded() throws {
        func tokens(_ language: String?, _ options: TextOptions = TextOptions()) throws -> Int {
            try BM25(BM25Options(language: language, text: options)).document("the running run").indices.count
        }
        #expect(try tokens(nil) == 1)
        #expect(try tokens("en") == 1)
        #expect(try tokens("none") == 3)
        #expect(try tokens("klingon") == 3)
        // A stemmer and no stop words; stop words and no stemmer.
        #expect(try tokens("hy") == 3)
        #expect(try tokens("eu") == 3)
        #expect(try tokens("en", TextOptions(stemmer: Stemmer.none)) == 2)
        #expect(try tokens("en", TextOptions(stopwords: .set(languages: nil, custom: nil))) == 2)
        #expect(StopwordLanguage(nameOrCode: "hi-en") == .hinglish && StopwordLanguage(nameOrCode: "jp") == .japanese)
        #expect(StemmerLanguage(nameOrCode: "hy") == .armenian && StemmerLanguage(nameOrCode: "English") == nil)
    }

    @Test func prefixDocumentsHaveAllPrefixes() throws {
        let model = try BM25(BM25Options(language: "none", text: TextOptions(tokenizer: .prefix)))
        #expect(model.document("hello").indices.count == 5)
        #expect(model.query("hello").indices == [613_153_351])
    }
}
