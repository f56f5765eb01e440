import CICU

/// The tokenizer `multilingual`: cuts a text into words of any script, and brings different spellings together.
///
/// Mostly Japanese texts are cut at ICU's word boundaries and left as they are. Other texts are cut where the script
/// changes and at separators; Chinese, Thai and Arabic also at ICU's word boundaries, where the Arabic article is a word
/// of its own. Then a word is decomposed (NFKD), loses control characters and, by script, case and marks; a Chinese
/// character becomes the one it is a variant of. Words without a letter are left out.
///
/// Not to be shared between threads.
@safe
final class Segmenter {
    private let boundaries = WordBoundaries()
    private var decomposed = ByteBuffer()
    private var normalized = ByteBuffer()

    /// `isAsWritten`: the words of a Japanese text, which are stop words as they are written.
    func forEachWord(
        of text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>, TokenWorker.Kind, _ isAsWritten: Bool) -> Void
    ) {
        if unsafe !UTF8Text.isASCII(text) && Script.isJapanese(text) {
            unsafe forEachPiece(of: text) { word in
                guard unsafe Self.hasLetter(word) else { return }
                unsafe body(word, TokenWorker.Kind(isASCII: UTF8Text.isASCII(word), mayHaveUppercase: true), true)
            }
            return
        }
        unsafe forEachChunk(of: text) { chunk, script, isSegmented in
            unsafe self.forEachPiece(of: chunk, in: script, isSegmented: isSegmented) { word in
                let isASCII = unsafe UTF8Text.isASCII(word)
                let word = unsafe self.normalize(word, of: script, isASCII: isASCII)
                guard unsafe Self.hasLetter(word) else { return }
                unsafe body(
                    word, TokenWorker.Kind(isASCII: isASCII || UTF8Text.isASCII(word), mayHaveUppercase: !script.hasCase),
                    false)
            }
        }
    }

    // MARK: Cutting

    /// What stands between separators, in parts of one script. Japanese parts of other texts are not cut further.
    private func forEachChunk(
        of text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>, Script, _ isSegmented: Bool) -> Void
    ) {
        guard let start = text.baseAddress else { return }
        // A part ends where a second script begins, so the script of what stands before its first letter is told by that.
        var part = 0
        while part < text.count {
            var script = Script.other, end = part
            while end < text.count {
                let (value, byteCount) = unsafe UTF8Text.scalar(at: start + end)
                let found = Script(of: value).group
                if found != .other {
                    guard script == .other || script == found else { break }
                    script = found
                }
                end += byteCount
            }
            let isSegmented =
                unsafe script.isSegmented
                && !(script == .han && Script.isJapanese(UnsafeBufferPointer(rebasing: text[part..<end])))
            var chunk = part, index = part
            while index < end {
                let (value, byteCount) = unsafe UTF8Text.scalar(at: start + index)
                if Separators.contains(value) {
                    if index > chunk { unsafe body(UnsafeBufferPointer(rebasing: text[chunk..<index]), script, isSegmented) }
                    chunk = index + byteCount
                }
                index += byteCount
            }
            if end > chunk { unsafe body(UnsafeBufferPointer(rebasing: text[chunk..<end]), script, isSegmented) }
            part = end
        }
    }

    private func forEachPiece(
        of chunk: UnsafeBufferPointer<UInt8>, in script: Script, isSegmented: Bool,
        _ body: (UnsafeBufferPointer<UInt8>) -> Void
    ) {
        guard isSegmented else { return unsafe body(chunk) }
        unsafe forEachPiece(of: chunk) { piece in
            if script == .arabic, unsafe Self.hasArticle(piece) {
                unsafe body(UnsafeBufferPointer(rebasing: piece[..<4]))
                if piece.count > 4 { unsafe body(UnsafeBufferPointer(rebasing: piece[4...])) }
            } else {
                unsafe body(piece)
            }
        }
    }

    private func forEachPiece(of chunk: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        if let boundaries {
            unsafe boundaries.forEachPiece(of: chunk, body)
        } else {
            unsafe body(chunk)
        }
    }

    /// An Alef of any form, and Lam.
    private static func hasArticle(_ word: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let start = word.baseAddress, word.count >= 4 else { return false }
        let alef = unsafe UTF8Text.scalar(at: start), lam = unsafe UTF8Text.scalar(at: start + alef.byteCount)
        guard lam.value == 0x644 else { return false }
        return switch alef.value {
        case 0x622, 0x623, 0x625, 0x627, 0x671: true
        default: false
        }
    }

    private static func hasLetter(_ word: UnsafeBufferPointer<UInt8>) -> Bool {
        var index = 0
        while index < word.count, let start = word.baseAddress {
            let (value, byteCount) = unsafe UTF8Text.scalar(at: start + index)
            if value < 0x80 ? (value | 0x20) &- 0x61 < 26 : ScalarClasses.isAlphabetic(value) { return true }
            index += byteCount
        }
        return false
    }

    // MARK: Spelling

    private func normalize(
        _ word: UnsafeBufferPointer<UInt8>, of script: Script, isASCII: Bool
    ) -> UnsafeBufferPointer<UInt8> {
        let word = unsafe isASCII ? word : decompose(word)
        normalized.removeAll()
        normalized.reserve(word.count)
        var index = 0
        while index < word.count, let start = word.baseAddress {
            let (value, byteCount) = unsafe UTF8Text.scalar(at: start + index)
            index += byteCount
            if value < 0x80 {
                // Control characters but for white space.
                if value < 0x09 || 0x0E...0x1F ~= value || value == 0x7F { continue }
                normalized.append(scalarValue: script.hasCase && value &- 0x41 < 26 ? value | 0x20 : value)
            } else {
                appendNormalized(value, of: script)
            }
        }
        return unsafe normalized.content
    }

    private func appendNormalized(_ value: UInt32, of script: Script) {
        guard let scalar = Unicode.Scalar(value) else { return }
        let properties = scalar.properties
        switch properties.generalCategory {
        case .control where value != 0x85: return
        case .nonspacingMark where script.losesMarks: return
        default: break
        }
        switch (script, value) {
        case (.latin, 0xE6), (.latin, 0xC6):
            normalized.append(0x61)
            normalized.append(0x65)
        case (.latin, 0x153), (.latin, 0x152):
            normalized.append(0x6F)
            normalized.append(0x65)
        // Final sigma; Alef Wasla, Alef Maksura, Teh Marbuta; Tatweel.
        case (.greek, 0x3C2): normalized.append(scalarValue: 0x3C3)
        case (.arabic, 0x671): normalized.append(scalarValue: 0x627)
        case (.arabic, 0x649): normalized.append(scalarValue: 0x64A)
        case (.arabic, 0x629): normalized.append(scalarValue: 0x647)
        case (.arabic, 0x640): break
        case (.han, _): normalized.append(scalarValue: HanVariants.usual(value))
        case _ where script.hasCase:
            for scalar in properties.lowercaseMapping.unicodeScalars { normalized.append(scalar) }
        default: normalized.append(scalarValue: value)
        }
    }

    private func decompose(_ word: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        decomposed.removeAll()
        decomposed.reserve(max(word.count * 2, 64))
        for _ in 0..<2 {
            let written = unsafe word.withMemoryRebound(to: CChar.self) { source in
                guard let start = source.baseAddress else { return 0 }
                return unsafe decomposed.bytes.withMemoryRebound(to: CChar.self, capacity: decomposed.capacity) { target in
                    unsafe Int(qicu_decompose(start, source.count, target, decomposed.capacity))
                }
            }
            guard written >= 0 else { return unsafe word }
            if written <= decomposed.capacity {
                decomposed.setCount(written)
                return unsafe decomposed.content
            }
            decomposed.reserve(written)
        }
        return unsafe word
    }
}
