import CICU

/// ICU's word boundaries. It keeps the text that it is at: not to be shared between threads.
@safe
final class WordBoundaries {
    private let words: OpaquePointer

    /// Nil if ICU's data is missing or memory has run out.
    init?() {
        guard let words = unsafe qicu_words_create() else { return nil }
        unsafe self.words = words
    }

    deinit {
        unsafe qicu_words_free(words)
    }

    /// Calls `body` with every word and every gap of the text; with the whole text where it cannot be cut.
    func forEachPiece(of text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        let isSet = unsafe text.withMemoryRebound(to: CChar.self) { characters in
            guard let start = characters.baseAddress else { return false }
            return unsafe qicu_words_set(words, start, characters.count)
        }
        var start = 0
        while isSet, start < text.count {
            let next = unsafe Int(qicu_words_next(words))
            guard next > start, next <= text.count else { break }
            unsafe body(UnsafeBufferPointer(rebasing: text[start..<next]))
            start = next
        }
        if start < text.count { unsafe body(UnsafeBufferPointer(rebasing: text[start...])) }
    }
}
