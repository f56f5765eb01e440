import QuiverModel
import QuiverText

/// How the texts of a field with a text index become tokens.
final class FieldAnalyzer: Sendable {
    let analyzer: TextAnalyzer
    let answersPhrases: Bool

    init(_ params: PayloadIndexParams) {
        analyzer = TextAnalyzer(params.text ?? TextOptions())
        answersPhrases = params.phraseMatching ?? false
    }
}

/// What is asked of the tokens of texts.
final class TextQuestion {
    enum Mode { case all, any, phrase }

    /// A predicate that is about tokens where there is a text index.
    struct Asked {
        let mode: Mode
        let text: String

        init?(_ predicate: FieldCondition.Predicate) {
            switch predicate {
            case .matchText(let text): (mode, self.text) = (.all, text)
            case .matchTextAny(let text): (mode, self.text) = (.any, text)
            case .matchPhrase(let text): (mode, self.text) = (.phrase, text)
            default: return nil
            }
        }
    }

    let mode: Mode
    /// The different tokens, by their length and then their bytes: long tokens that begin alike are not compared.
    let tokens: [[UInt8]]
    /// Of a phrase: its tokens in order, as places in `tokens`.
    private let sequence: [Int32]
    private let analyzer: TextAnalyzer

    /// Nil when no text can satisfy it: without tokens, and for a phrase that the index does not answer.
    init?(_ asked: Asked, _ field: FieldAnalyzer) {
        if asked.mode == .phrase && !field.answersPhrases { return nil }
        // A phrase is a piece of a text, and so becomes tokens as texts do.
        let inOrder = (asked.mode == .phrase
            ? field.analyzer.documentTokens(asked.text) : field.analyzer.queryTokens(asked.text)).map { Array($0.utf8) }
        if inOrder.isEmpty { return nil }
        mode = asked.mode
        analyzer = field.analyzer
        tokens = Set(inOrder).sorted { $0.count != $1.count ? $0.count < $1.count : $0.lexicographicallyPrecedes($1) }
        var places: [[UInt8]: Int32] = [:]
        for (place, token) in tokens.enumerated() { places[token] = Int32(place) }
        sequence = asked.mode == .phrase ? inOrder.compactMap { places[$0] } : []
    }

    /// All of them, to be struck off.
    var missing: Set<Int32> { Set(0..<Int32(tokens.count)) }

    /// Takes the tokens away that the text has.
    func strike(_ text: UnsafeBufferPointer<UInt8>, from missing: inout Set<Int32>) {
        unsafe analyzer.forEachDocumentToken(String(decoding: text, as: UTF8.self)) { token in
            if let place = unsafe place(of: token) { missing.remove(place) }
        }
    }

    /// Whether one text satisfies it.
    func holds(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        switch mode {
        case .all:
            var missing = missing
            unsafe strike(text, from: &missing)
            return missing.isEmpty
        case .any:
            var isFound = false
            unsafe analyzer.forEachDocumentToken(String(decoding: text, as: UTF8.self)) { token in
                if unsafe !isFound && place(of: token) != nil { isFound = true }
            }
            return isFound
        case .phrase:
            var places: [Int32] = []
            unsafe analyzer.forEachDocumentToken(String(decoding: text, as: UTF8.self)) { token in
                places.append(unsafe place(of: token) ?? -1)
            }
            guard places.count >= sequence.count else { return false }
            return (0...places.count - sequence.count).contains { start in
                places[start] == sequence[0] && places[start..<start + sequence.count].elementsEqual(sequence)
            }
        }
    }

    private func place(of token: UnsafeBufferPointer<UInt8>) -> Int32? {
        var low = 0
        var high = tokens.count
        while low < high {
            let middle = (low + high) / 2
            let held = tokens[middle]
            let isBefore = unsafe held.count != token.count ? held.count < token.count : held.lexicographicallyPrecedes(token)
            if isBefore { low = middle + 1 } else { high = middle }
        }
        guard low < tokens.count, tokens[low].count == token.count, unsafe tokens[low].elementsEqual(token) else { return nil }
        return Int32(low)
    }
}
