import CSnowball
import QuiverModel

/// One of libstemmer's stemmers, giving the stems that Qdrant's have.
///
/// Qdrant stems by an older state of the Snowball algorithms. Five languages have changed since; `stem` goes round what
/// is new in them. A stemmer keeps its last result: not to be shared between threads.
@safe
final class SnowballStemmer {
    private let stemmer: OpaquePointer
    private let language: StemmerLanguage
    /// The word or the stem, where one of them had to be changed.
    private var changed = ByteBuffer()

    /// Nil if memory has run out.
    init?(_ language: StemmerLanguage) {
        guard let stemmer = unsafe sb_stemmer_new(language.rawValue, nil) else { return nil }
        unsafe self.stemmer = stemmer
        self.language = language
    }

    deinit {
        unsafe sb_stemmer_delete(stemmer)
    }

    /// The stem, in the stemmer's memory until it is asked again; the word itself where it cannot be stemmed.
    func stem(_ word: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        switch language {
        case .arabic:
            return unsafe libraryStem(withoutMarks(word))
        case .french:
            guard unsafe cover(OlderStems.coverInFrench, in: word) else { return unsafe libraryStem(word) }
            let stem = unsafe uncover(libraryStem(changed.content), of: word)
            return unsafe OlderStems.frenchWithoutSilentE(stem, of: word)
        case .russian:
            guard unsafe cover(OlderStems.coverInRussian, in: word) else { return unsafe libraryStem(word) }
            return unsafe uncover(libraryStem(changed.content), of: word)
        case .danish:
            return unsafe OlderStems.danishUndoubled(libraryStem(word), of: word)
        case .finnish:
            return unsafe finnishTidied(libraryStem(word), of: word)
        default:
            return unsafe libraryStem(word)
        }
    }

    private func libraryStem(_ word: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        guard let count = CInt(exactly: word.count),
            let stem = unsafe sb_stemmer_stem(stemmer, word.baseAddress, count)
        else { return unsafe word }
        return unsafe UnsafeBufferPointer(start: stem, count: Int(sb_stemmer_length(stemmer)))
    }

    /// Punctuation marks were left out of Arabic words.
    private func withoutMarks(_ word: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        guard unsafe OlderStems.hasArabicMark(word) else { return unsafe word }
        changed.removeAll()
        var rest = unsafe word
        while let start = rest.baseAddress, !rest.isEmpty {
            let (value, byteCount) = unsafe UTF8Text.scalar(at: start)
            if !OlderStems.isArabicMark(value) { changed.append(scalarValue: value) }
            unsafe rest = UnsafeBufferPointer(rebasing: rest[byteCount...])
        }
        return unsafe changed.content
    }

    /// Writes the word to `changed`, with other letters of as many bytes where `substitute` names them; false if it names
    /// none.
    private func cover(_ substitute: (UInt32) -> UInt32?, in word: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let start = word.baseAddress else { return false }
        changed.removeAll()
        var hasCovered = false, index = 0
        while index < word.count {
            let (value, byteCount) = unsafe UTF8Text.scalar(at: start + index)
            let cover = substitute(value)
            hasCovered = hasCovered || cover != nil
            changed.append(scalarValue: cover ?? value)
            index += byteCount
        }
        return hasCovered
    }

    /// The stem with the letters that were covered. Stemming changes the end of a word: a cover that is still there is
    /// where it was.
    private func uncover(
        _ stem: UnsafeBufferPointer<UInt8>, of word: UnsafeBufferPointer<UInt8>
    ) -> UnsafeBufferPointer<UInt8> {
        for index in 0..<min(stem.count, word.count) {
            let wasCovered = unsafe stem[index] == changed.bytes[index]
            let byte = unsafe wasCovered ? word[index] : stem[index]
            unsafe changed.bytes[index] = byte
        }
        changed.setCount(min(stem.count, word.count))
        return unsafe changed.content
    }

    /// The last steps of the Finnish stemmer took any character that is no vowel for a consonant.
    private func finnishTidied(
        _ stem: UnsafeBufferPointer<UInt8>, of word: UnsafeBufferPointer<UInt8>
    ) -> UnsafeBufferPointer<UInt8> {
        var stem = unsafe OlderStems.finnishWithoutLastVowel(stem, of: word)
        guard let doubled = unsafe OlderStems.finnishDoubled(stem) else { return unsafe stem }
        changed.removeAll()
        for index in stem.indices where !doubled.contains(index) { unsafe changed.append(stem[index]) }
        unsafe stem = changed.content
        return unsafe stem
    }
}
