import QuiverJSON
import QuiverModel

extension RequestDecoder {
    static func fieldIndex(_ node: JSONNode) throws(WireFault) -> (field: PayloadPath, params: PayloadIndexParams) {
        try node.requireObject("struct CreateFieldIndex")
        let field = try node.required("field_name").path()
        guard let schema = try node.given("field_schema", or: "field_type") else {
            throw node.badRequest("Can't auto-detect field type, please specify `field_schema` in the request")
        }
        if schema.isString { return (field, PayloadIndexParams(type: try indexType(schema))) }
        guard schema.isObject, let type = try schema.field("type") else { throw schema.noVariant("PayloadFieldSchema") }
        return (field, try indexParams(schema, PayloadIndexParams(type: try indexType(type), givenAsObject: true)))
    }

    private static func indexType(_ node: JSONNode) throws(WireFault) -> PayloadIndexType {
        guard let type = PayloadIndexType(rawValue: try node.text()) else { throw node.noVariant("PayloadFieldSchema") }
        return type
    }

    /// Options of other types are unknown fields, which Qdrant ignores here.
    private static func indexParams(
        _ node: JSONNode, _ start: PayloadIndexParams
    ) throws(WireFault) -> PayloadIndexParams {
        var params = start
        params.onDisk = try node.optionalBool("on_disk")
        params.memory = try node.optionalVariant("memory", of: MemoryPlacement.self)
        params.enableHNSW = try node.optionalBool("enable_hnsw")
        switch params.type {
        case .keyword:
            params.isTenant = try node.optionalBool("is_tenant")
            params.prefix = try node.optionalBool("prefix")
        case .uuid:
            params.isTenant = try node.optionalBool("is_tenant")
        case .integer:
            params.lookup = try node.optionalBool("lookup")
            params.range = try node.optionalBool("range")
            params.isPrincipal = try node.optionalBool("is_principal")
            if params.lookup == false && params.range == false {
                try node.breaks(
                    "Validation error: the 'lookup' and 'range' capabilities can't be both disabled [{}]",
                    suffix: "lookup")
            }
        case .float, .datetime:
            params.isPrincipal = try node.optionalBool("is_principal")
        case .text:
            params.text = try textOptions(node)
            params.phraseMatching = try node.optionalBool("phrase_matching")
        case .bool, .geo:
            break
        }
        return params
    }

    /// The way from a text to tokens, as a text index and BM25 have it.
    static func textOptions(_ node: JSONNode) throws(WireFault) -> TextOptions {
        TextOptions(
            tokenizer: try node.optionalVariant("tokenizer", of: Tokenizer.self),
            minTokenLength: try node.optionalCount("min_token_len"),
            maxTokenLength: try node.optionalCount("max_token_len"),
            lowercase: try node.optionalBool("lowercase"), asciiFolding: try node.optionalBool("ascii_folding"),
            stopwords: try node.given("stopwords").map { (node) throws(WireFault) in try stopwords(node) },
            stemmer: try node.given("stemmer").map { (node) throws(WireFault) in try stemmer(node) })
    }

    /// A language, or `{languages?, custom?}`.
    private static func stopwords(_ node: JSONNode) throws(WireFault) -> Stopwords {
        if let name = node.string {
            guard let language = StopwordLanguage(rawValue: name) else { throw node.noVariant("StopwordsInterface") }
            return .language(language)
        }
        guard node.isObject else { throw node.noVariant("StopwordsInterface") }
        let languages = try node.given("languages").map { (list) throws(WireFault) in
            try list.list("a sequence") { (item) throws(WireFault) in try item.variant(of: StopwordLanguage.self) }
        }
        return .set(languages: languages, custom: try node.given("custom").map { (list) throws(WireFault) in try list.strings() })
    }

    /// `{type: snowball, language}` or `{type: none}`.
    private static func stemmer(_ node: JSONNode) throws(WireFault) -> Stemmer {
        guard node.isObject, let type = try node.field("type") else { throw node.noVariant("StemmingAlgorithm") }
        if type.isString("none") { return .none }
        guard type.isString("snowball"), let language = try node.field("language") else {
            throw node.noVariant("StemmingAlgorithm")
        }
        return .snowball(try language.variant(of: StemmerLanguage.self))
    }
}
