import QuiverModel
import QuiverWire
import Testing

@Suite struct RobustnessTests {
    private static let samples: [String] = [
        #"{"points":[{"id":1,"vector":{"a":[1,2.5],"b":[-3e2]},"payload":{"x":[{"y":null}],"z":"\u00e9\""}},{"id":"936da01f-9abd-4d9d-80c7-02af85c822a8","vector":[1]}],"update_mode":"upsert"}"#,
        #"{"batch":{"ids":[1,2],"vectors":{"a":[[1],[2]]},"payloads":[null,{"a":1}]}}"#,
        #"{"points":[{"id":1,"vector":{"s":{"indices":[7,3],"values":[0.5,-1]},"m":[[1,2],[3,4]],"d":[1]}},{"id":2,"vector":[[1],[2]]}]}"#,
        #"{"batch":{"ids":[1,2],"vectors":{"m":[[[1],[2]],[3]],"s":[{"indices":[1],"values":[2]},{"indices":[],"values":[]}]}}}"#,
        #"{"query":{"indices":[1,2],"values":[0.5,1]},"params":{"quantization":{"ignore":false,"oversampling":2},"acorn":{"enable":true,"max_selectivity":0.5},"idf":{"corpus":{"must":{"has_id":[1]}}}}}"#,
        #"{"vector":{"name":"s","vector":{"indices":[1],"values":[2]}},"limit":1,"positive":[{"indices":[1],"values":[2]}],"query":{"recommend":{"positive":[[[1,2]]]}},"group_by":"a","group_size":1}"#,
        #"{"vectors":{"a":{"size":4,"distance":"Dot","memory":"cold","datatype":"turbo4","multivector_config":{"comparator":"max_sim"},"quantization_config":{"scalar":{"type":"int8","quantile":0.9}}}},"sparse_vectors":{"s":{"index":{"full_scan_threshold":1,"datatype":"uint8"},"modifier":"idf"}},"quantization_config":{"binary":{"encoding":"two_bits"}},"payload":{"memory":"cached"}}"#,
        #"{"operations":[{"delete":{"points":[2]}},{"set_payload":{"payload":{"a":1},"filter":{"must":[{"key":"a","match":{"any":[1,2]}}]},"key":"x.y[0]"}},{"delete_vectors":{"points":[1],"vector":["a"]}}]}"#,
        #"{"query":{"recommend":{"positive":[1,[0.5,1]],"negative":["936da01f9abd4d9d80c702af85c822a8"],"strategy":"best_score"}},"filter":{"should":[{"nested":{"key":"a[]","filter":{"must":[{"key":"b","range":{"gte":"2024-01-01"}}]}}}],"min_should":{"conditions":[{"has_id":[1]}],"min_count":1}},"limit":3,"with_payload":{"include":["a"]},"group_by":"a"}"#,
        #"{"searches":[{"vector":{"name":"a","vector":[1,2]},"limit":3,"query":[1,2],"positive":[1]}]}"#,
        #"{"vectors":{"a":{"size":4,"distance":"Dot","hnsw_config":{"m":8}}},"optimizers_config":{"max_optimization_threads":"auto"},"metadata":{"a":[1,{}]}}"#,
        #"{"field_name":"a.b[]","field_schema":{"type":"integer","lookup":true},"actions":[{"create_alias":{"collection_name":"c","alias_name":"a"}}],"ids":[1,"x"]}"#,
    ]

    private static let queries: [String] = [
        #"{"prefetch":[{"prefetch":{"query":{"nearest":[1,2],"mmr":{"diversity":0.5,"candidates_limit":7}},"limit":3},"query":{"rrf":{"k":3,"weights":[1,2]}},"score_threshold":0.5}],"query":{"fusion":"dbsf"},"limit":5,"shard_key":[]}"#,
        #"{"prefetch":{"query":[1]},"query":{"formula":{"sum":["$score",{"mult":[2.5,{"neg":"price"},{"abs":{"sqrt":{"exp":{"ln":{"log10":3}}}}}]},{"div":{"left":1,"right":"a","by_zero_default":2}},{"pow":{"base":2,"exponent":"$score[1]"}},{"geo_distance":{"origin":{"lon":1,"lat":2},"to":"at"}},{"gauss_decay":{"x":{"datetime_key":"t"},"target":{"datetime":"2024-01-01"},"scale":10,"midpoint":0.5}},{"key":"k","match":{"value":1}}]},"defaults":{"$score[1]":1,"price":0,"at":{"lon":1,"lat":2}}}}"#,
        #"{"query":{"discover":{"target":1,"context":[{"positive":[1],"negative":{"indices":[1],"values":[2]}}]}},"target":1,"context":[{"positive":2,"negative":[3]}],"limit":2,"key":"a","exact":true,"sample":5}"#,
        #"{"query":{"relevance_feedback":{"target":{"text":"a word","model":"bm25","options":{"k":1.5,"language":"german","stopwords":{"custom":["x"]},"stemmer":{"type":"none"}}},"feedback":[{"example":1,"score":0.5}],"strategy":{"naive":{"a":1,"b":1,"c":1}}}}}"#,
        #"{"filter":{"must":[{"key":"a","geo_polygon":{"exterior":{"points":[{"lon":0,"lat":0},{"lon":1,"lat":0},{"lon":1,"lat":1},{"lon":0,"lat":0}]},"interiors":[]}},{"key":"a","geo_radius":{"center":{"lon":0,"lat":0},"radius":5}},{"key":"a","geo_bounding_box":{"top_left":{"lon":0,"lat":0},"bottom_right":{"lon":1,"lat":0}}},{"slice":{"total":3,"index":1}},{"key":"a","match":{"phrase":"x"}}]}}"#,
        #"{"points":[{"id":1,"vector":{"t":{"text":"a b","model":"bm25"},"d":[1,2]}},{"id":2,"vector":{"text":"a","model":"m"}}],"update_mode":"insert_only","update_filter":{"must":{"has_id":[1]}},"shard_key":{"target":1,"fallback":"b"}}"#,
        #"{"dense":{"size":4,"distance":"Dot","datatype":"uint8","multivector_config":{"comparator":"max_sim"}},"sparse":{"modifier":"idf","datatype":"float16"}}"#,
        #"{"field_name":"a","field_schema":{"type":"text","tokenizer":"word","min_token_len":1,"stopwords":{"languages":["english"],"custom":["a"]},"stemmer":{"type":"snowball","language":"english"},"phrase_matching":true,"memory":"cold"}}"#,
        #"{"strict_mode_config":{"enabled":true,"max_query_limit":3,"search_max_oversampling":1.5,"multivector_config":{"a":{"max_vectors":2}},"sparse_config":{"b":{"max_length":3}},"max_resident_memory_percent":50},"hnsw_config":{"inline_storage":true},"optimizers_config":{"prevent_unoptimized":true}}"#,
    ]

    /// Every decoder either takes the bytes or throws an error with a status of its own and a text.
    private func run(_ bytes: [UInt8], _ note: @autoclosure () -> String) {
        for decoder in decoders {
            do throws(WireError) {
                try decode(bytes, decoder.decode)
            } catch {
                #expect([400, 404, 422, 500, 501].contains(error.status), "\(decoder.name) \(note())")
                #expect(!error.message.isEmpty, "\(decoder.name) \(note())")
            }
        }
    }

    @Test(arguments: samples + queries)
    func truncatedBodiesAreRefused(_ sample: String) {
        let bytes = Array(sample.utf8)
        for length in 0..<bytes.count {
            for decoder in decoders {
                do throws(WireError) {
                    try decode(Array(bytes[..<length]), decoder.decode)
                    Issue.record("\(decoder.name) took \(length) bytes of \(sample)")
                } catch {
                    #expect(error.status == 400 && error.message.hasPrefix("Format error in JSON body: "))
                }
            }
        }
    }

    @Test func mutatedBodiesAreTakenOrRefused() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        let samples = Self.samples + Self.queries
        let alphabet = Array(#"{}[]",:0123456789.eE+-truefalsn\ ax"#.utf8) + [0, 0x0a, 0x80, 0xff, 0xc3]
        for _ in 0..<8000 {
            var bytes = Array(samples[Int.random(in: 0..<samples.count, using: &generator)].utf8)
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                let byte = alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[place] = byte
                case 1: bytes.insert(byte, at: place)
                default: bytes.remove(at: place)
                }
            }
            run(bytes, "seed \(seed)")
        }
    }

    /// Values of the wrong kind in every place of every sample.
    @Test func replacedValuesAreTakenOrRefused() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        let values = [
            "null", "true", "-1", "0", "1.5", "1e39", "18446744073709551615", "1e300", #""""#, #""x""#, "[]", "[[]]", "{}",
            #"{"":{}}"#, "[1]", "[18446744073709551615,1]", "[null]", #"["a"]"#, #"{"key":"a"}"#, "[[1,2],[3]]",
        ]
        for sample in Self.samples + Self.queries {
            let bytes = Array(sample.utf8)
            for place in bytes.indices where bytes[place] == UInt8(ascii: ":") || bytes[place] == UInt8(ascii: "[") {
                guard let end = endOfValue(bytes, place + 1) else { continue }
                for _ in 0..<6 {
                    let value = values[Int.random(in: 0..<values.count, using: &generator)]
                    run(Array(bytes[...place]) + Array(value.utf8) + Array(bytes[end...]), "seed \(seed)")
                }
            }
        }
    }

    /// One past a value that begins at `start`, outside strings.
    private func endOfValue(_ bytes: [UInt8], _ start: Int) -> Int? {
        var depth = 0
        var inString = false
        var index = start
        while index < bytes.count {
            let byte = bytes[index]
            if inString {
                if byte == UInt8(ascii: "\\") { index += 1 } else if byte == UInt8(ascii: "\"") { inString = false }
            } else if byte == UInt8(ascii: "\"") {
                inString = true
            } else if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
                depth += 1
            } else if byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") {
                if depth == 0 { return index }
                depth -= 1
            } else if byte == UInt8(ascii: ",") && depth == 0 {
                return index
            }
            index += 1
        }
        return nil
    }

    @Test func nestingIsBounded() throws {
        let deep = 200_000
        for (open, close) in [(#"{"must":["#, "]}"), (#"{"must":{"nested":{"key":"a","filter":"#, "}}}")] {
            let text = #"{"filter":"# + String(repeating: open, count: deep) + String(repeating: close, count: deep) + "}"
            let error = fault(text, RequestDecoder.count)
            #expect(error.status == 400)
            #expect(error.message.hasPrefix("Format error in JSON body: recursion limit exceeded at line 1 column"))
        }
        for (open, close) in [(#"{"prefetch":"#, "}"), (#"{"prefetch":["#, "]}"), (#"{"query":{"formula":{"neg":"#, "}}}")] {
            let text = String(repeating: open, count: deep) + "1" + String(repeating: close, count: deep)
            #expect(fault(text, RequestDecoder.query).message.contains("recursion limit exceeded"))
        }
        let payload = String(repeating: "[", count: deep) + String(repeating: "]", count: deep)
        let error = fault(#"{"points":[{"id":1,"vector":[1],"payload":{"a":\#(payload)}}]}"#, RequestDecoder.upsert)
        #expect(error.status == 400 && error.message.contains("recursion limit exceeded"))
        // Each level of filters takes two of JSON's; the root and `filter` take their own.
        let levels = (Limits.jsonDepth - 3) / 2
        let nested = String(repeating: #"{"must":["#, count: levels) + String(repeating: "]}", count: levels)
        _ = try decode(#"{"filter":\#(nested)}"#, RequestDecoder.count)
    }

    @Test func placesAreCountedInLinesAndBytes() {
        let error = fault("\n{\"é\": 1,\n  \"limit\" : true}", RequestDecoder.scroll)
        #expect(
            error.message
                == "Format error in JSON body: invalid type: boolean `true`, expected usize at line 3 column 13 (limit)")
    }
}
