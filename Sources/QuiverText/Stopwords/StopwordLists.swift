package import QuiverModel
import Synchronization

/// The stop words of a language.
///
/// A list is a text of words in lower case, sorted by code point, with blanks and line ends between them. Qdrant 1.19
/// has the same words: they go back to the stop word corpus of NLTK, whose lists come from Snowball and from many
/// volunteers. Each word was decided by asking its engine; words of that corpus that have a blank inside are not here,
/// for no token has one.
package enum StopwordLists {
    /// One set a language, made when it is asked for the first time.
    private static let sets = Mutex<[StopwordLanguage: StopwordSet]>([:])

    static func set(of language: StopwordLanguage) -> StopwordSet {
        sets.withLock { sets in
            if let known = sets[language] { return known }
            let made = StopwordSet(list: words(of: language))
            sets[language] = made
            return made
        }
    }

    package static func words(of language: StopwordLanguage) -> StaticString {
        switch language {
        case .arabic: arabic
        case .azerbaijani: azerbaijani
        case .basque: basque
        case .bengali: bengali
        case .catalan: catalan
        case .chinese: chinese
        case .danish: danish
        case .dutch: dutch
        case .english: english
        case .finnish: finnish
        case .french: french
        case .german: german
        case .greek: greek
        case .hebrew: hebrew
        case .hinglish: hinglish
        case .hungarian: hungarian
        case .indonesian: indonesian
        case .italian: italian
        case .japanese: japanese
        case .kazakh: kazakh
        case .nepali: nepali
        case .norwegian: norwegian
        case .portuguese: portuguese
        case .romanian: romanian
        case .russian: russian
        case .slovene: slovene
        case .spanish: spanish
        case .swedish: swedish
        case .tajik: tajik
        case .turkish: turkish
        }
    }
}
