import QuiverModel

/// Carries one token after the other through a pipeline. It has the memory that takes: not to be shared between threads.
@safe
final class TokenWorker {
    private var folded = ByteBuffer()
    private var lowered = ByteBuffer()
    private let stemmer: SnowballStemmer?
    /// For the tokenizer `multilingual`.
    let segmenter: Segmenter?

    init(_ pipeline: TextPipeline) {
        stemmer = pipeline.stemmer.flatMap(SnowballStemmer.init)
        segmenter = pipeline.tokenizer == .multilingual ? Segmenter() : nil
    }

    /// What is known of the bytes of a token.
    struct Kind {
        var isASCII: Bool
        /// There may be upper case letters; only of ASCII is it known that there are none.
        var mayHaveUppercase: Bool
    }

    /// The token behind fold and lower case, in memory of the worker or where it was.
    private func spelled(
        _ token: UnsafeBufferPointer<UInt8>, _ kind: Kind, by pipeline: borrowing TextPipeline, folds: Bool
    ) -> UnsafeBufferPointer<UInt8> {
        var token = unsafe token, kind = kind
        if folds && !kind.isASCII {
            folded.removeAll()
            unsafe ASCIIFolding.append(token, to: &folded)
            unsafe token = folded.content
            unsafe kind.isASCII = UTF8Text.isASCII(token)
            kind.mayHaveUppercase = true
        }
        guard pipeline.lowercases && kind.mayHaveUppercase else { return unsafe token }
        lowered.removeAll()
        if kind.isASCII {
            lowered.reserve(token.count)
            let bytes = unsafe lowered.bytes
            for index in token.indices {
                let byte = unsafe token[index]
                unsafe bytes[index] = byte | (byte &- 0x41 < 26 ? 0x20 : 0)
            }
            lowered.setCount(token.count)
        } else {
            unsafe Lowercasing.append(token, to: &lowered)
        }
        return unsafe lowered.content
    }

    /// The whole way; nil for a token that is left out. The result is valid until the next token.
    func token(
        _ token: UnsafeBufferPointer<UInt8>, _ kind: Kind, by pipeline: borrowing TextPipeline, limitsLength: Bool = true
    ) -> UnsafeBufferPointer<UInt8>? {
        var token = unsafe spelled(token, kind, by: pipeline, folds: pipeline.folds)
        for set in pipeline.stopwords where unsafe set.contains(token) { return nil }
        if let stemmer { unsafe token = stemmer.stem(token) }
        guard pipeline.minimumLength != nil || (limitsLength && pipeline.maximumLength != nil) else { return unsafe token }
        let count = unsafe UTF8Text.scalarCount(token)
        if let minimum = pipeline.minimumLength, count < minimum { return nil }
        if limitsLength, let maximum = pipeline.maximumLength, count > maximum { return nil }
        return unsafe token
    }

    /// The way of a word of a Japanese text: its stop words are told by how it is written, and then only its case changes.
    func tokenAsWritten(
        _ token: UnsafeBufferPointer<UInt8>, _ kind: Kind, by pipeline: borrowing TextPipeline
    ) -> UnsafeBufferPointer<UInt8>? {
        for set in pipeline.stopwords where unsafe set.contains(token) { return nil }
        return unsafe spelled(token, kind, by: pipeline, folds: false)
    }

    /// The way of a word that is looked up by its beginning: no stop words, since it may not be written to its end.
    func prefix(
        _ token: UnsafeBufferPointer<UInt8>, _ kind: Kind, by pipeline: borrowing TextPipeline
    ) -> UnsafeBufferPointer<UInt8>? {
        var token = unsafe spelled(token, kind, by: pipeline, folds: pipeline.folds)
        if let stemmer { unsafe token = stemmer.stem(token) }
        if let minimum = pipeline.minimumLength, unsafe UTF8Text.scalarCount(token) < minimum { return nil }
        guard let maximum = pipeline.maximumLength, let end = unsafe UTF8Text.byteCount(ofFirst: maximum, of: token) else {
            return unsafe token
        }
        return unsafe UnsafeBufferPointer(rebasing: token[..<end])
    }
}
