import Testing

@testable import QuiverServer

struct QueryParametersTests {
    private func read(_ query: String) -> Result<QueryParameters, Rejection> {
        Result { () throws(Rejection) in try QueryParameters(query) }
    }

    @Test func defaults() throws {
        let none = try QueryParameters(nil as String?)
        #expect(none.wait == false && none.timeout == nil)
        #expect(try QueryParameters("") == none)
        #expect(try QueryParameters("other=%zz&more") == none)
    }

    @Test func values() throws {
        let all = try QueryParameters("wait=true&ordering=strong&timeout=30&consistency=majority")
        #expect(all.wait && all.timeout == .seconds(30))
        #expect(try QueryParameters("consistency=2").timeout == nil)
    }

    @Test(arguments: [
        ("wait=yes", 400, "Deserialize error in query parameters: provided string was not `true` or `false`"),
        ("timeout=soon", 400, "Deserialize error in query parameters: invalid digit found in string"),
        ("timeout=-1", 400, "Deserialize error in query parameters: invalid digit found in string"),
        ("timeout=0", 422, "Validation error in query parameters: [timeout: value 0 invalid, must be 1 or larger]"),
        (
            "ordering=loose", 400,
            "Deserialize error in query parameters: unknown variant `loose`, expected one of `weak`, `medium`, `strong`"
        ),
        (
            "consistency=0", 422,
            "Validation error in query parameters: [consistency: value 0 invalid, must be 1 or larger]"
        ),
    ])
    func refusals(query: String, status: Int, text: String) {
        #expect(read(query) == .failure(Rejection(status: status, text: text)))
    }

    @Test func collectionNames() {
        func check(_ name: String, creating: Bool) -> Int {
            do throws(Rejection) {
                try CollectionName.check(name, creating: creating)
                return 200
            } catch {
                return error.status
            }
        }
        for name in ["a", "with space", "ä", String(repeating: "x", count: 255)] {
            #expect(check(name, creating: true) == 200)
        }
        for name in ["", String(repeating: "x", count: 256), String(repeating: "ä", count: 128), "a/b", "a/\u{338}b", "\0"] {
            #expect(check(name, creating: false) == 422)
        }
        for name in ["a?b", "a<b", "a:b", "a\u{1F}b"] {
            #expect(check(name, creating: true) == 422)
            #expect(check(name, creating: false) == 200)
        }
    }
}
