package import QuiverModel

/// How BM25 weighs the words of a text. Options that were not given stay nil.
package struct BM25Options: Hashable, Sendable {
    /// How soon more of the same word stops counting; at least 0. Nil: 1.2.
    package var k: Double?
    /// How much the length of a document counts, 0...1. Nil: 0.75.
    package var b: Double?
    /// The length, in tokens, of a document that is neither long nor short; above 0. Nil: 256.
    package var averageLength: Double?
    /// Whose stop words and stemmer are used where `text` names none: a name or its code of two letters. Nil: `english`.
    /// Any other word stands for no language.
    package var language: String?
    package var text: TextOptions

    package init(
        k: Double? = nil, b: Double? = nil, averageLength: Double? = nil, language: String? = nil,
        text: TextOptions = TextOptions()
    ) {
        self.k = k
        self.b = b
        self.averageLength = averageLength
        self.language = language
        self.text = text
    }
}

/// Why options are refused.
package enum BM25Error: Error, Hashable, Sendable, CustomStringConvertible {
    case k(Double)
    case b(Double)
    case averageLength(Double)

    package var description: String {
        switch self {
        case .k(let value): "BM25 k1 must be finite and >= 0, got \(Self.shown(value))"
        case .b(let value): "BM25 b must be finite and in [0.0, 1.0], got \(Self.shown(value))"
        case .averageLength(let value): "BM25 avg_doc_len must be finite and > 0, got \(Self.shown(value))"
        }
    }

    /// Whole numbers without a fraction.
    private static func shown(_ value: Double) -> String {
        Int64(exactly: value).map(String.init) ?? "\(value)"
    }
}

extension TextOptions {
    /// The options with the stop words and the stemmer of a language where none are given.
    func completed(forLanguage language: String) -> TextOptions {
        var completed = self
        if stopwords == nil {
            completed.stopwords = StopwordLanguage(nameOrCode: language).map(Stopwords.language)
        }
        if stemmer == nil {
            completed.stemmer = StemmerLanguage(nameOrCode: language).map(Stemmer.snowball)
        }
        return completed
    }
}

/// The names of languages by their codes, as the engine knows them.
private enum LanguageCodes {
    static func name(_ nameOrCode: String) -> String { names[nameOrCode] ?? nameOrCode }

    private static let names = [
        "ar": "arabic", "az": "azerbaijani", "bn": "bengali", "ca": "catalan", "da": "danish", "de": "german",
        "el": "greek", "en": "english", "es": "spanish", "eu": "basque", "fi": "finnish", "fr": "french",
        "he": "hebrew", "hi-en": "hinglish", "hu": "hungarian", "hy": "armenian", "id": "indonesian",
        "it": "italian", "jp": "japanese", "kk": "kazakh", "ne": "nepali", "nl": "dutch", "no": "norwegian",
        "pt": "portuguese", "ro": "romanian", "ru": "russian", "sl": "slovene", "sv": "swedish", "ta": "tamil",
        "tg": "tajik", "tr": "turkish", "zh": "chinese",
    ]
}

extension StopwordLanguage {
    /// By its name or its code; nil for any other text.
    package init?(nameOrCode: String) { self.init(rawValue: LanguageCodes.name(nameOrCode)) }
}

extension StemmerLanguage {
    /// By its name or its code; nil for any other text.
    package init?(nameOrCode: String) { self.init(rawValue: LanguageCodes.name(nameOrCode)) }
}
