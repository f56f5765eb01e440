package import QuiverModel
import Synchronization

/// Makes tokens of texts, as the options of a text index or of BM25 say.
///
/// A token goes through these steps, in this order: fold to ASCII (off by default), lower case (on), stop words (none),
/// stem (not), length in characters (any). What the tokenizers call a word:
/// - `word`: letters and digits of any script; everything else separates,
/// - `whitespace`: what stands between white space,
/// - `prefix`: as `word`, then every beginning of it of the allowed lengths,
/// - `multilingual`: `Segmenter`.
package final class TextAnalyzer: Sendable {
    private let pipeline: TextPipeline
    /// Buffers and stemmers that nobody uses now, at most as many as threads have asked at the same time.
    private let idleWorkers = Mutex<[Idle]>([])
    /// In bytes; making a worker costs little beside reading more than that.
    private static let longestTextOfKeptWorkers = 1 << 16

    /// A worker that is handed from one thread to another, never used by two.
    private struct Idle: @unchecked Sendable {
        let worker: TokenWorker
    }

    package init(_ options: TextOptions) {
        pipeline = TextPipeline(options)
    }

    /// The tokens of a text that is stored, in its order, with repetitions.
    package func documentTokens(_ text: String) -> [String] {
        var tokens: [String] = []
        unsafe forEachDocumentToken(text) { tokens.append(unsafe String(decoding: $0, as: UTF8.self)) }
        return tokens
    }

    /// The tokens of a text that is searched for, in its order, with repetitions. Only the tokenizer `prefix` tells the
    /// two apart: here it makes one token of a word, its longest beginning of the allowed lengths.
    package func queryTokens(_ text: String) -> [String] {
        var tokens: [String] = []
        unsafe forEachQueryToken(text) { tokens.append(unsafe String(decoding: $0, as: UTF8.self)) }
        return tokens
    }

    /// As `documentTokens`; the bytes are valid inside `body` only.
    package func forEachDocumentToken(_ text: String, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        unsafe scan(text, asQuery: false, body)
    }

    /// As `queryTokens`; the bytes are valid inside `body` only.
    package func forEachQueryToken(_ text: String, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        unsafe scan(text, asQuery: true, body)
    }

    private func scan(_ text: String, asQuery: Bool, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        let worker = idleWorkers.withLock { $0.popLast()?.worker } ?? TokenWorker(pipeline)
        var text = text
        text.withUTF8 { bytes in
            switch pipeline.tokenizer {
            case .word:
                unsafe Words.ofLetters(bytes) { word, kind in
                    if let token = unsafe worker.token(word, kind, by: pipeline) { unsafe body(token) }
                }
            case .whitespace:
                unsafe Words.betweenBlanks(bytes) { word, kind in
                    if let token = unsafe worker.token(word, kind, by: pipeline) { unsafe body(token) }
                }
            case .prefix:
                unsafe Words.ofLetters(bytes) { word, kind in
                    if asQuery {
                        if let token = unsafe worker.prefix(word, kind, by: pipeline) { unsafe body(token) }
                    } else if let token = unsafe worker.token(word, kind, by: pipeline, limitsLength: false) {
                        unsafe forEachPrefix(of: token, body)
                    }
                }
            case .multilingual:
                unsafe worker.segmenter?.forEachWord(of: bytes) { word, kind, isAsWritten in
                    let token =
                        unsafe isAsWritten
                        ? worker.tokenAsWritten(word, kind, by: pipeline) : worker.token(word, kind, by: pipeline)
                    if let token = unsafe token { unsafe body(token) }
                }
            }
        }
        // A long word leaves long buffers behind.
        guard text.utf8.count <= Self.longestTextOfKeptWorkers else { return }
        idleWorkers.withLock { $0.append(Idle(worker: worker)) }
    }

    /// The beginnings of the allowed lengths, the shortest first. A word as short as the least length, or shorter, is
    /// its own only beginning.
    private func forEachPrefix(of token: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        var count = max(pipeline.minimumLength ?? 1, 0)
        let longest = pipeline.maximumLength ?? .max
        guard count <= longest else { return }
        var index = 0, seen = 0
        while index < token.count {
            if unsafe token[index] & 0xC0 != 0x80 {
                if seen == count {
                    unsafe body(UnsafeBufferPointer(rebasing: token[..<index]))
                    guard count < longest else { return }
                    count += 1
                }
                seen += 1
            }
            index += 1
        }
        unsafe body(token)
    }
}
