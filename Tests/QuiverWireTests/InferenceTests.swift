import QuiverModel
import QuiverWire
import Testing

/// Objects where a vector may stand.
@Suite struct InferenceTests {
    private static let missing = WireError(
        status: 500,
        message:
            "Service internal error: InferenceService is not initialized. Please check if it was properly configured and initialized during startup."
    )

    private func sparse(_ text: String) throws -> SparseVector? {
        guard case .sparse(let vector)? = try decode(text, RequestDecoder.query).query?.nearest else { return nil }
        return vector
    }

    @Test(arguments: ["bm25", "BM25", "qdrant/bm25", "Qdrant/Bm25"])
    func bm25IsComputedHere(_ model: String) throws {
        // English: "the" and "of" are stop words, and the verb is stemmed.
        let query = try #require(try sparse(#"{"query":{"text":"the hunting of a hunt","model":"\#(model)"}}"#))
        #expect(query.indices.count == 1 && query.values == [1])
        let batch = try #require(
            try decode(
                #"{"points":[{"id":1,"vector":{"t":{"text":"the hunting of a hunt","model":"\#(model)"},"d":[1]}},{"id":2,"vector":{"t":{"indices":[5],"values":[6]}}}]}"#,
                RequestDecoder.upsert
            ).first?.upserted)
        guard case .sparse(let document)? = batch.values(of: 0)["t"] else {
            Issue.record("no sparse vector")
            return
        }
        #expect(document.indices == query.indices && batch.values(of: 0)["d"] == .dense([1]))
        // Two of two tokens: f·(k+1) / (f + k·(1 − b + b·2/256)).
        let weight = 2 * 2.2 / (2 + 1.2 * (1 - 0.75 + 0.75 * 2 / 256))
        #expect(abs(Double(document.values.first ?? 0) - weight) < 1e-6)
        #expect(batch.values(of: 1)["t"] == .sparse(SparseVector(indices: [5], values: [6])))
    }

    @Test func optionsOfBM25AreRead() throws {
        let plain = try #require(
            try sparse(
                #"{"query":{"text":"The hunting","model":"bm25","options":{"language":"none","lowercase":false,"tokenizer":"whitespace","k":2,"b":0,"avg_len":10}}}"#
            ))
        #expect(plain.indices.count == 2)
        let stemmed = try #require(
            try sparse(#"{"query":{"text":"The hunting","model":"bm25","options":{"stopwords":{"custom":["hunting"]},"stemmer":{"type":"none"}}}}"#))
        #expect(stemmed.indices.count == 1)
        let empty = try #require(try sparse(#"{"query":{"text":"the","model":"bm25","options":null}}"#))
        #expect(empty.indices.isEmpty)
    }

    @Test(arguments: [
        (#"{"k":"x"}"#, "Invalid BM25 config: invalid type: string \"x\", expected f64"),
        (#"{"b":2}"#, "Invalid BM25 config: BM25 b must be finite and in [0.0, 1.0], got 2"),
        (#"{"tokenizer":"words"}"#, "Invalid BM25 config: unknown variant `words`, expected one of `prefix`, `whitespace`, `word`, `multilingual`"),
    ])
    func wrongOptionsAreWrongInput(_ options: String, _ text: String) {
        #expect(
            fault(#"{"query":{"text":"a","model":"bm25","options":\#(options)}}"#, RequestDecoder.query)
                == WireError(status: 400, message: "Wrong input: \(text)"))
    }

    @Test func textsStandInEveryKindOfQuery() throws {
        let text = #"{"text":"a word","model":"bm25"}"#
        for query in [
            text, #"{"nearest":\#(text)}"#, #"{"nearest":\#(text),"mmr":{}}"#, #"{"recommend":{"positive":[\#(text)],"negative":[\#(text)]}}"#,
            #"{"discover":{"target":\#(text),"context":{"positive":\#(text),"negative":\#(text)}}}"#,
            #"{"context":[{"positive":\#(text),"negative":\#(text)}]}"#,
            #"{"relevance_feedback":{"target":\#(text),"feedback":[{"example":\#(text),"score":1}],"strategy":{"naive":{"a":1,"b":1,"c":1}}}}"#,
        ] {
            _ = try decode(#"{"query":\#(query),"prefetch":[{"query":\#(query)}]}"#, RequestDecoder.query)
            let other = query.replacing("bm25", with: "other")
            #expect(fault(#"{"query":\#(other)}"#, RequestDecoder.query) == Self.missing)
            #expect(fault(#"{"query":1,"prefetch":{"query":\#(other)}}"#, RequestDecoder.query) == Self.missing)
        }
    }

    @Test(arguments: [
        #"{"text":"a","model":"m"}"#, #"{"image":"a","model":"m"}"#, #"{"image":{"b":1},"model":"m","options":{}}"#,
        #"{"object":[1],"model":"m"}"#,
    ])
    func otherModelsNeedAService(_ object: String) {
        #expect(fault(#"{"points":[{"id":1,"vector":\#(object)}]}"#, RequestDecoder.upsert) == Self.missing)
        #expect(fault(#"{"points":[{"id":1,"vector":{"a":\#(object)}}]}"#, RequestDecoder.upsert) == Self.missing)
        #expect(fault(#"{"points":[{"id":1,"vector":{"a":\#(object)}}]}"#, RequestDecoder.updateVectors) == Self.missing)
        #expect(fault(#"{"batch":{"ids":[1],"vectors":{"a":[\#(object)]}}}"#, RequestDecoder.upsert) == Self.missing)
    }

    @Test func sparseVectorsHaveNames() {
        let text = #"{"text":"a","model":"bm25"}"#
        #expect(
            fault(#"{"points":[{"id":1,"vector":\#(text)}]}"#, RequestDecoder.upsert)
                == WireError(status: 400, message: "Bad request: Sparse vector should be named"))
        #expect(
            fault(#"{"points":[{"id":1,"vector":\#(text)}]}"#, RequestDecoder.updateVectors)
                == WireError(status: 400, message: "Document processing is not supported for point vectors."))
        #expect(
            fault(#"{"batch":{"ids":[1],"vectors":[\#(text)]}}"#, RequestDecoder.upsert)
                == WireError(status: 400, message: "Document processing is not supported in batch operations."))
        #expect(
            fault(#"{"batch":{"ids":[1],"vectors":[{"image":1,"model":"m"}]}}"#, RequestDecoder.upsert)
                == WireError(status: 400, message: "Image processing is not supported in batch operations."))
    }

    /// A search and a recommendation of old take vectors only, and objects that lack something are none.
    @Test func whatIsNoObjectForAModelIsMalformed() {
        let text = #"{"text":"a","model":"bm25"}"#
        for (name, body) in [
            ("search", #"{"vector":{"name":"s","vector":\#(text)},"limit":1}"#), ("recommend", #"{"positive":[\#(text)],"limit":1}"#),
            ("query", #"{"query":{"text":"a"}}"#), ("query", #"{"query":{"model":"bm25"}}"#),
            ("query", #"{"query":{"text":1,"model":"bm25"}}"#), ("query", #"{"query":{"text":"a","model":1}}"#),
            ("query", #"{"query":{"text":"a","model":"bm25","options":1}}"#),
        ] {
            let error = (try? decoder(name)).map { fault(body, $0) }
            #expect(error?.status == 400 && error?.message.contains("data did not match any variant") == true, "\(body)")
        }
    }
}
