/// What the Snowball algorithms did before, where libstemmer 2 does something else:
/// - Arabic left punctuation marks out of words,
/// - Danish undoubled any character that is no vowel, Finnish too; both now only consonants,
/// - French knew nothing of ë and ï but that they are vowels, and took the ë off behind `gu`,
/// - Russian did not take ё for е.
enum OlderStems {
    /// For ë and ï: û, which is a vowel to the French stemmer and in none of its suffixes. For H, which is now a mark of
    /// its own: W.
    static func coverInFrench(_ value: UInt32) -> UInt32? {
        switch value {
        case 0xEB, 0xEF: 0xFB
        case 0x48: 0x57
        default: nil
        }
    }

    /// For ё: U+0378, which is no character, and so nothing to the Russian stemmer, as ё was.
    static func coverInRussian(_ value: UInt32) -> UInt32? {
        value == 0x451 ? 0x378 : nil
    }

    // MARK: Arabic

    static func isArabicMark(_ value: UInt32) -> Bool {
        switch value {
        case 0x21, 0x22, 0x25, 0x2A, 0x2C, 0x2E, 0x2F, 0x3A, 0x3B, 0x3F, 0x5C: true
        case 0x60C, 0x61B, 0x61F, 0x66A, 0x66B, 0x66C: true
        default: false
        }
    }

    static func hasArabicMark(_ word: UnsafeBufferPointer<UInt8>) -> Bool {
        var index = 0
        while index < word.count, let start = word.baseAddress {
            let (value, byteCount) = unsafe UTF8Text.scalar(at: start + index)
            if isArabicMark(value) { return true }
            index += byteCount
        }
        return false
    }

    // MARK: French

    /// Takes off a last ë if `guë` stands in the region behind the first vowel that is not the first letter, and the word
    /// ended there, or with one more s.
    static func frenchWithoutSilentE(
        _ stem: UnsafeBufferPointer<UInt8>, of word: UnsafeBufferPointer<UInt8>
    ) -> UnsafeBufferPointer<UInt8> {
        guard unsafe hasSuffix([0x67, 0x75, 0xC3, 0xAB], stem),
            unsafe hasSuffix([0xC3, 0xAB], word) || hasSuffix([0xC3, 0xAB, 0x73], word),
            unsafe stem.count - 4 >= frenchRegionStart(of: word)
        else { return unsafe stem }
        return unsafe UnsafeBufferPointer(rebasing: stem.dropLast(2))
    }

    /// The byte where the region RV of the French stemmer begins.
    private static func frenchRegionStart(of word: UnsafeBufferPointer<UInt8>) -> Int {
        let scalars = unsafe scalarsWithEnds(word)
        guard scalars.count > 3 else { return word.count }
        let beginsWithVowels = isFrenchVowel(scalars[0].value) && isFrenchVowel(scalars[1].value)
        let first = scalars.prefix(3).map(\.value)
        if beginsWithVowels || ["par", "col", "tap"].contains(where: { $0.unicodeScalars.map(\.value) == first }) {
            return scalars[2].end
        }
        return scalars.dropFirst().first { isFrenchVowel($0.value) }?.end ?? word.count
    }

    private static func isFrenchVowel(_ value: UInt32) -> Bool {
        "aeiouyâàëéêèïîôûù".unicodeScalars.contains { $0.value == value }
    }

    // MARK: Danish

    /// Takes off the last character if it is neither vowel nor consonant, stands behind the mark p1, and is doubled.
    static func danishUndoubled(
        _ stem: UnsafeBufferPointer<UInt8>, of word: UnsafeBufferPointer<UInt8>
    ) -> UnsafeBufferPointer<UInt8> {
        guard let start = stem.baseAddress, let lastByte = unsafe stem.last, !isLetter(lastByte) else { return unsafe stem }
        let last = unsafe UTF8Text.scalar(before: start + stem.count, from: start)
        let rest = stem.count - last.byteCount
        guard rest > 0, !isDanishVowel(last.value),
            unsafe UTF8Text.scalar(before: start + rest, from: start).value == last.value,
            unsafe rest >= danishRegionStart(of: word)
        else { return unsafe stem }
        return unsafe UnsafeBufferPointer(rebasing: stem[..<rest])
    }

    /// p1: behind the first character that is no vowel and stands behind a vowel, but not within the first three.
    private static func danishRegionStart(of word: UnsafeBufferPointer<UInt8>) -> Int {
        let scalars = unsafe scalarsWithEnds(word)
        guard scalars.count >= 3,
            let vowel = scalars.firstIndex(where: { isDanishVowel($0.value) }),
            let behind = scalars[vowel...].first(where: { !isDanishVowel($0.value) })
        else { return word.count }
        return max(behind.end, scalars[2].end)
    }

    private static func isDanishVowel(_ value: UInt32) -> Bool {
        "aeiouyæåø".unicodeScalars.contains { $0.value == value }
    }

    // MARK: Finnish

    /// Takes off a last a, ä, e or i behind a character that is neither vowel nor consonant, both behind the mark p1.
    static func finnishWithoutLastVowel(
        _ stem: UnsafeBufferPointer<UInt8>, of word: UnsafeBufferPointer<UInt8>
    ) -> UnsafeBufferPointer<UInt8> {
        guard let start = stem.baseAddress, !stem.isEmpty else { return unsafe stem }
        let last = unsafe UTF8Text.scalar(before: start + stem.count, from: start)
        let rest = stem.count - last.byteCount
        guard rest > 0, "aäei".unicodeScalars.contains(where: { $0.value == last.value }) else { return unsafe stem }
        let before = unsafe UTF8Text.scalar(before: start + rest, from: start)
        guard !isFinnishVowel(before.value), !isLetter(before.value),
            unsafe rest - before.byteCount >= finnishRegionStart(of: word)
        else { return unsafe stem }
        return unsafe UnsafeBufferPointer(rebasing: stem[..<rest])
    }

    /// Where the last character that is no vowel stands, if it is no consonant either and the same stands before it.
    static func finnishDoubled(_ stem: UnsafeBufferPointer<UInt8>) -> Range<Int>? {
        guard let start = stem.baseAddress else { return nil }
        var end = stem.count
        while end > 0 {
            let last = unsafe UTF8Text.scalar(before: start + end, from: start)
            let begin = end - last.byteCount
            if isFinnishVowel(last.value) {
                end = begin
                continue
            }
            guard begin > 0, !isLetter(last.value),
                unsafe UTF8Text.scalar(before: start + begin, from: start).value == last.value
            else { return nil }
            return begin..<end
        }
        return nil
    }

    /// p1: behind the first character that is no vowel and stands behind a vowel.
    private static func finnishRegionStart(of word: UnsafeBufferPointer<UInt8>) -> Int {
        let scalars = unsafe scalarsWithEnds(word)
        guard let vowel = scalars.firstIndex(where: { isFinnishVowel($0.value) }) else { return word.count }
        return scalars[vowel...].first { !isFinnishVowel($0.value) }?.end ?? word.count
    }

    private static func isFinnishVowel(_ value: UInt32) -> Bool {
        switch value {
        case 0x61, 0x65, 0x69, 0x6F, 0x75, 0x79, 0xE4, 0xF6: true
        default: false
        }
    }

    // MARK: Characters

    /// A small letter of ASCII, each of which is a vowel or a consonant to the stemmers.
    private static func isLetter(_ value: some UnsignedInteger) -> Bool { (0x61...0x7A).contains(value) }

    private static func hasSuffix(_ suffix: [UInt8], _ word: UnsafeBufferPointer<UInt8>) -> Bool {
        unsafe word.count >= suffix.count && word.suffix(suffix.count).elementsEqual(suffix)
    }

    /// The scalars of a word, and the byte behind each.
    private static func scalarsWithEnds(_ word: UnsafeBufferPointer<UInt8>) -> [(value: UInt32, end: Int)] {
        var scalars: [(value: UInt32, end: Int)] = [], index = 0
        while index < word.count, let start = word.baseAddress {
            let (value, byteCount) = unsafe UTF8Text.scalar(at: start + index)
            index += byteCount
            scalars.append((value, index))
        }
        return scalars
    }
}
