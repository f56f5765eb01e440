import QuiverModel

/// What an analyzer does with a token, settled once.
struct TextPipeline: Sendable {
    let tokenizer: Tokenizer
    let folds: Bool
    let lowercases: Bool
    let stopwords: [StopwordSet]
    let stemmer: StemmerLanguage?
    /// In scalars.
    let minimumLength: Int?
    let maximumLength: Int?

    /// Of the tokenizer `prefix`, in scalars: words that agree so far are the same to it.
    static let longestPrefix = 1024

    init(_ options: TextOptions) {
        tokenizer = options.tokenizer ?? .word
        folds = options.asciiFolding ?? false
        lowercases = options.lowercase ?? true
        minimumLength = options.minTokenLength
        // Every beginning of a word is a token: without a bound a long word would be work by the square of its length.
        maximumLength = options.tokenizer == .prefix
            ? min(options.maxTokenLength ?? Self.longestPrefix, Self.longestPrefix) : options.maxTokenLength
        stemmer =
            switch options.stemmer {
            case .snowball(let language): language
            case .some(.none), nil: nil
            }
        stopwords = Self.sets(options.stopwords, lowercases: lowercases).filter { !$0.isEmpty }
    }

    /// Words are compared as tokens are: in lower case if those are, else as they were given.
    private static func sets(_ stopwords: Stopwords?, lowercases: Bool) -> [StopwordSet] {
        switch stopwords {
        case nil: []
        case .language(let language): [StopwordLists.set(of: language)]
        case .set(let languages, let custom):
            (languages ?? []).map(StopwordLists.set)
                + [StopwordSet((custom ?? []).map { lowercases ? Lowercasing.lowercased($0) : Array($0.utf8) })]
        }
    }
}
