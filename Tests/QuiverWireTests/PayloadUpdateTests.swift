import QuiverModel
import QuiverWire
import Testing

@Suite struct PayloadUpdateTests {
    @Test func readsSetPayload() throws {
        let operations = try decode(
            #"{"payload": {"a": {"b" : null}}, "points": [1, 2], "key": "x.y[0]"}"#, RequestDecoder.setPayload)
        guard case .setPayload(let payload, let selector, let key)? = operations.first else {
            Issue.record("no set payload")
            return
        }
        #expect(payload.text == #"{"a":{"b":null}}"#)
        #expect(selector.ids == [1, 2])
        #expect(try key == path("x.y[0]"))
    }

    @Test func overwriteForgetsTheKeyAndPrefersIDs() throws {
        let operations = try decode(
            #"{"payload":{},"points":[7],"filter":{"must":[]},"key":"x"}"#, RequestDecoder.overwritePayload)
        guard case .overwritePayload(let payload, let selector)? = operations.first else {
            Issue.record("no overwrite")
            return
        }
        #expect(payload.isEmpty)
        #expect(selector.ids == [7])
    }

    @Test func readsDeletionsByIDsAndFilter() throws {
        guard case .deletePayload(let keys, let byFilter)? = try decode(
            #"{"keys":["a","b.c[]"],"filter":{}}"#, RequestDecoder.deletePayload
        ).first else {
            Issue.record("no deletion of payload")
            return
        }
        #expect(try keys == [path("a"), path("b.c[]")])
        #expect(byFilter.filter?.isEmpty == true)
        guard case .clearPayload(let cleared)? = try decode(#"{"points":[1]}"#, RequestDecoder.clearPayload).first,
            case .deletePoints(let deleted)? = try decode(
                #"{"filter":{"must":{"has_id":[3]}}}"#, RequestDecoder.deletePoints
            ).first
        else {
            Issue.record("no selectors")
            return
        }
        #expect(cleared.ids == [1])
        #expect(deleted.filter == Filter(must: [.hasID([3])]))
    }

    @Test func deletingVectorsTakesIDsAndAFilter() throws {
        let operations = try decode(
            #"{"points":[1],"filter":{"must":[{"has_id":[2]}]},"vector":["a","b","a"]}"#, RequestDecoder.deleteVectors)
        #expect(operations.count == 2)
        for operation in operations {
            guard case .deleteVectors(_, let names) = operation else {
                Issue.record("no deletion of vectors")
                return
            }
            #expect(names == ["a", "b"])
        }
    }

    @Test func readsEveryOperationOfABatch() throws {
        let batch = try decode(
            #"""
            {"operations":[
              {"upsert":{"points":[{"id":1,"vector":[1]}]}},
              {"delete":{"points":[2]}},
              {"set_payload":{"payload":{"a":1},"points":[1]}},
              {"overwrite_payload":{"payload":{"a":1},"points":[1]}},
              {"delete_payload":{"keys":["a"],"points":[1]}},
              {"clear_payload":{"filter":{}}},
              {"update_vectors":{"points":[{"id":1,"vector":[2]}]}},
              {"delete_vectors":{"points":[1],"filter":{},"vector":[""]}}
            ]}
            """#, RequestDecoder.batchUpdate)
        #expect(batch.resultCount == 8)
        #expect(batch.operations.count == 9)
        let kinds = batch.operations.map { operation in
            switch operation {
            case .upsert: "upsert"
            case .updateVectors: "updateVectors"
            case .deleteVectors: "deleteVectors"
            case .deletePoints: "deletePoints"
            case .setPayload: "setPayload"
            case .overwritePayload: "overwritePayload"
            case .deletePayload: "deletePayload"
            case .clearPayload: "clearPayload"
            }
        }
        #expect(
            kinds == [
                "upsert", "deletePoints", "setPayload", "overwritePayload", "deletePayload", "clearPayload",
                "updateVectors", "deleteVectors", "deleteVectors",
            ])
    }

    @Test func anEmptyBatchIsNoError() throws {
        let batch = try decode(#"{"operations":[]}"#, RequestDecoder.batchUpdate)
        #expect(batch.operations.isEmpty && batch.resultCount == 0)
    }
}
