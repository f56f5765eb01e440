import CSnowball
import QuiverModel

/// One of libstemmer's stemmers. It keeps its last result: not to be shared between threads.
@safe
final class SnowballStemmer {
    private let stemmer: OpaquePointer

    /// Nil if memory has run out.
    init?(_ language: StemmerLanguage) {
        guard let stemmer = unsafe sb_stemmer_new(language.rawValue, nil) else { return nil }
        unsafe self.stemmer = stemmer
    }

    deinit {
        unsafe sb_stemmer_delete(stemmer)
    }

    /// The stem, in the stemmer's memory until it is asked again; the word itself where it cannot be stemmed.
    func stem(_ word: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        guard let count = CInt(exactly: word.count),
            let stem = unsafe sb_stemmer_stem(stemmer, word.baseAddress, count)
        else { return unsafe word }
        return unsafe UnsafeBufferPointer(start: stem, count: Int(sb_stemmer_length(stemmer)))
    }
}
