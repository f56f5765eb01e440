/// How a text becomes tokens. Names as on the wire.
public enum Tokenizer: String, Codable, Sendable, CaseIterable {
    /// Every prefix of every word, of the allowed lengths; a query is looked up by its longest.
    case prefix
    case whitespace
    /// Words are what stands between characters that are neither letters nor digits.
    case word
    /// Words as a language's dictionary tells them, for scripts that do not write spaces.
    case multilingual
}

/// Languages with a list of stop words.
public enum StopwordLanguage: String, Codable, Sendable, CaseIterable {
    case arabic, azerbaijani, basque, bengali, catalan, chinese, danish, dutch, english, finnish, french, german, greek,
        hebrew, hinglish, hungarian, indonesian, italian, japanese, kazakh, nepali, norwegian, portuguese, romanian,
        russian, slovene, spanish, swedish, tajik, turkish
}

/// Languages with a Snowball stemmer.
public enum StemmerLanguage: String, Codable, Sendable, CaseIterable {
    case arabic, armenian, danish, dutch, english, finnish, french, german, greek, hungarian, italian, norwegian,
        portuguese, romanian, russian, spanish, swedish, tamil, turkish
}

/// Words that are left out, as given: one language, or languages and words.
public enum Stopwords: Codable, Hashable, Sendable {
    case language(StopwordLanguage)
    /// Nil where not given.
    case set(languages: [StopwordLanguage]?, custom: [String]?)
}

public enum Stemmer: Codable, Hashable, Sendable {
    case snowball(StemmerLanguage)
    case none
}

/// The way from a text to tokens: fold, lower the case, leave out stop words, stem, look at the length. Options that
/// were not given stay nil.
public struct TextOptions: Codable, Hashable, Sendable {
    /// Nil: `word`.
    public var tokenizer: Tokenizer?
    /// In characters; shorter tokens are left out.
    public var minTokenLength: Int?
    /// In characters; longer tokens are left out.
    public var maxTokenLength: Int?
    /// Nil: true.
    public var lowercase: Bool?
    /// Accents are taken off letters that have an ASCII form. Nil: false.
    public var asciiFolding: Bool?
    public var stopwords: Stopwords?
    public var stemmer: Stemmer?

    public init(
        tokenizer: Tokenizer? = nil, minTokenLength: Int? = nil, maxTokenLength: Int? = nil, lowercase: Bool? = nil,
        asciiFolding: Bool? = nil, stopwords: Stopwords? = nil, stemmer: Stemmer? = nil
    ) {
        self.tokenizer = tokenizer
        self.minTokenLength = minTokenLength
        self.maxTokenLength = maxTokenLength
        self.lowercase = lowercase
        self.asciiFolding = asciiFolding
        self.stopwords = stopwords
        self.stemmer = stemmer
    }
}
