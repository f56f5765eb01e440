import QuiverModel
import QuiverWire
import Testing

/// Vectors of every kind in queries, and how a search is told to use what is built for them.
@Suite struct VectorInputTests {
    private let sparse = VectorInput.sparse(SparseVector(indices: [9, 2], values: [0.5, -1]))
    private let sparseText = #"{"indices":[9,2],"values":[0.5,-1]}"#

    @Test(arguments: ["%", #"{"nearest":%}"#])
    func nearestTakesEveryKind(_ form: String) throws {
        func query(_ vector: String) throws -> VectorInput? {
            let text = form.split(separator: "%", omittingEmptySubsequences: false).joined(separator: vector)
            return try decode(#"{"query":\#(text),"using":"v"}"#, RequestDecoder.query).query?.nearest
        }
        #expect(try query(sparseText) == sparse)
        #expect(try query("[[1,2],[3,4]]") == .multi([[1, 2], [3, 4]]))
        #expect(try query("[[1]]") == .multi([[1]]))
        #expect(try query("[1]") == .dense([1]))
        #expect(try query(#"{"indices":[],"values":[]}"#) == .sparse(SparseVector(indices: [], values: [])))
    }

    @Test func recommendationsTakeEveryKind() throws {
        let input = try decode(
            #"{"query":{"recommend":{"positive":[\#(sparseText),1],"negative":[[[1,2]],[3]]}}}"#, RequestDecoder.query
        ).query?.recommend
        #expect(input?.positive == [sparse, .id(1)])
        #expect(input?.negative == [.multi([[1, 2]]), .dense([3])])
    }

    @Test func batchesAndGroupsTakeEveryKind() throws {
        let batch = try decode(
            #"{"searches":[{"query":\#(sparseText)},{"query":[[1]]}]}"#, RequestDecoder.queryBatch)
        #expect(batch.map { $0.query?.nearest } == [sparse, .multi([[1]])])
        let groups = try decode(#"{"query":\#(sparseText),"group_by":"a"}"#, RequestDecoder.queryGroups)
        #expect(groups.query.query?.nearest == sparse)
    }

    @Test func legacySearchesTakeNamedSparseVectors() throws {
        let named = #"{"name":"s","vector":\#(sparseText)}"#
        let search = try decode(#"{"vector":\#(named),"limit":3}"#, RequestDecoder.search)
        #expect(search.using == "s" && search.query?.nearest == sparse)
        let groups = try decode(
            #"{"vector":\#(named),"limit":3,"group_size":1,"group_by":"a"}"#, RequestDecoder.searchGroups)
        #expect(groups.query.query?.nearest == sparse)
        let recommend = try decode(
            #"{"positive":[1,\#(sparseText)],"negative":[\#(sparseText)],"using":"s","limit":3}"#,
            RequestDecoder.recommend
        ).query?.recommend
        #expect(recommend?.positive == [.id(1), sparse] && recommend?.negative == [sparse])
    }

    @Test(arguments: [
        ("{}", SearchParams()),
        (#"{"quantization":{}}"#, SearchParams(quantization: QuantizationSearchParams())),
        (
            #"{"quantization":{"ignore":true,"rescore":true,"oversampling":1}}"#,
            SearchParams(quantization: QuantizationSearchParams(ignore: true, rescore: true, oversampling: 1))
        ),
        (#"{"quantization":{"rescore":null,"oversampling":null}}"#, SearchParams(quantization: QuantizationSearchParams())),
        (#"{"acorn":{}}"#, SearchParams(acorn: ACORNParams(enable: false, maxSelectivity: 0.4))),
        (#"{"acorn":{"enable":true,"max_selectivity":0}}"#, SearchParams(acorn: ACORNParams(enable: true, maxSelectivity: 0))),
        (#"{"acorn":{"enable":true,"max_selectivity":1}}"#, SearchParams(acorn: ACORNParams(enable: true, maxSelectivity: 1))),
        (#"{"idf":"global"}"#, SearchParams(idf: .global)),
        (#"{"idf":{"corpus":{"must":[{"has_id":[1]}]}}}"#, SearchParams(idf: .corpus(Filter(must: [.hasID([1])])))),
        (#"{"idf":{"corpus":{}}}"#, SearchParams(idf: .corpus(Filter()))),
    ])
    func readsSearchParameters(_ text: String, _ params: SearchParams) throws {
        #expect(try decode(#"{"params":\#(text)}"#, RequestDecoder.query).params == params)
        #expect(try decode(#"{"vector":[1],"limit":1,"params":\#(text)}"#, RequestDecoder.search).params == params)
    }
}
