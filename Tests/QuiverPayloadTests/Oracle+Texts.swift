import QuiverModel
import QuiverText

/// A text index that filters see: its tokens decide what texts match.
struct OracleTexts {
    var path: PayloadPath
    var analyzer: TextAnalyzer
    var answersPhrases: Bool

    init(_ path: PayloadPath, _ params: PayloadIndexParams) {
        self.path = path
        analyzer = TextAnalyzer(params.text ?? TextOptions())
        answersPhrases = params.phraseMatching ?? false
    }

    /// Nil where it has no say.
    func holds(_ predicate: FieldCondition.Predicate, _ found: [Sample], isTogether: Bool) -> Bool? {
        let texts = found.flatMap { value -> [Sample] in
            if case .array(let elements) = value { return elements }
            return [value]
        }.compactMap { value -> [String]? in
            if case .string(let text) = value { return analyzer.documentTokens(text) }
            return nil
        }
        switch predicate {
        case .matchText(let text):
            let wanted = analyzer.queryTokens(text)
            if wanted.isEmpty { return false }
            if isTogether { return wanted.allSatisfy { token in texts.contains { $0.contains { same($0, token) } } } }
            return texts.contains { tokens in wanted.allSatisfy { token in tokens.contains { same($0, token) } } }
        case .matchTextAny(let text):
            let wanted = analyzer.queryTokens(text)
            return texts.contains { tokens in wanted.contains { token in tokens.contains { same($0, token) } } }
        case .matchPhrase(let text):
            let wanted = analyzer.documentTokens(text)
            guard answersPhrases, !wanted.isEmpty else { return false }
            return texts.contains { tokens in
                tokens.indices.contains { start in
                    start + wanted.count <= tokens.count
                        && wanted.indices.allSatisfy { same(tokens[start + $0], wanted[$0]) }
                }
            }
        default:
            return nil
        }
    }

    private func same(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }
}
