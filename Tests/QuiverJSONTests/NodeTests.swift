import Testing

@testable import QuiverJSON

struct NodeTests {
    private let text = #"{ "a" : 1, "s": "x\ty", "k\u0041": [1, [2.50, 3] , "m"], "a": {"b" : null}, "": true }"#

    @Test func membersAndElements() throws {
        try JSONParser().withParsed(bytes: Array(text.utf8)) { root in
            #expect(root.isObject && root.count == 5)
            #expect(root.members.map(\.key) == ["a", "s", "kA", "a", ""])
            #expect(root.member("a")?.isObject == true)
            #expect(root.member(named: "kA")?.count == 3)
            #expect(root.member("")?.bool == true)
            #expect(root.member("missing") == nil)
            #expect(root.member("s")?.string == "x\ty")
            #expect(root.member("s")?.isString("x\ty") == true)
            #expect(root.member("s")?.isString("x") == false)
            #expect(root.member("s")?.isKey("s") == true)
            #expect(root.member("s")?.member("s") == nil)
            #expect(root.member("s")?.elements.map(\.kind).isEmpty == true)
            #expect(root.element(at: 0) == nil)
            guard let list = root.member("kA") else {
                Issue.record("the escaped key is not found")
                return
            }
            #expect(list.elements.map(\.kind) == [.int64, .array, .string])
            #expect(list.element(at: 1)?.element(at: 1)?.int64 == 3)
            #expect(list.element(at: 3) == nil && list.element(at: -1) == nil)
            #expect(String(decoding: list.rawKeyBytes, as: UTF8.self) == #""k\u0041""#)
            #expect(list.element(at: 1)?.element(at: 0).map { String(decoding: $0.rawBytes, as: UTF8.self) } == "2.50")
            #expect(list.element(at: 1)?.element(at: 0)?.isNumber == true)
            #expect(list.element(at: 1)?.element(at: 0)?.count == 0)
            #expect(list.element(at: 1)?.element(at: 0)?.hasKey == false)
            #expect(root.member("a")?.member("b")?.isNull == true)
        }
    }

    @Test func errorsOfTheBodyPass() {
        struct Refusal: Error {}
        #expect(throws: Refusal.self) {
            try JSONParser().withParsed(bytes: Array("[]".utf8), mapError: { _ in Refusal() }) { (_) throws(Refusal) in throw Refusal() }
        }
        #expect(throws: Refusal.self) {
            try JSONParser().withParsed(bytes: Array("[".utf8), mapError: { _ in Refusal() }) { (_) throws(Refusal) in }
        }
    }

    @Test func editingKeepsWhatIsNotTouched() throws {
        try JSONParser().withParsed(bytes: Array(text.utf8)) { root in
            var editor = JSONObjectEditor(root)
            editor.remove(key: "s")
            editor.remove(key: "nothing")
            editor.set(key: "", toRaw: Array("1.50".utf8))
            editor.set(key: "n\"", to: root)
            editor.set(key: "s", toRaw: Array("[]".utf8))
            let edited = written { editor.write(to: &$0) }
            let whole = #"{"a":{"b":null},"s":"x\ty","k\u0041":[1,[2.50,3],"m"],"":true}"#
            #expect(edited == #"{"a":{"b":null},"k\u0041":[1,[2.50,3],"m"],"":1.50,"n\"":"# + whole + #","s":[]}"#)
            // Keys are bytes: the two ways to write é are two keys.
            var accents = JSONObjectEditor()
            accents.set(key: "\u{E9}", toRaw: Array("1".utf8))
            accents.set(key: "e\u{301}", toRaw: Array("2".utf8))
            #expect(Array(written { accents.write(to: &$0) }.utf8) == Array("{\"\u{E9}\":1,\"e\u{301}\":2}".utf8))
            var empty = JSONObjectEditor(root)
            for member in root.members { empty.remove(key: member.key) }
            #expect(empty.isEmpty && written { empty.write(to: &$0) } == "{}")
        }
    }

    @Test(arguments: [
        (#"{"a":1,"b":{ "x":[1,2]}}"#, #"{"a":1,"b":{"x":[1,2]}}"#),
        (#"{"a":1, "b":2,"a":3}"#, #"{"a":3,"b":2}"#),
        (#"{"x":[1,{"a":1,"\u0061":[ 2.50, 3]}, "m"]}"#, #"{"x":[1,{"a":[2.50,3]},"m"]}"#),
        (#"{"x":{"x":{"a":{"b":1,"b":2},"a":{"c":1,"c":[]}}}}"#, #"{"x":{"x":{"a":{"c":[]}}}}"#),
        (#"[[],{},{"":1,"":null}]"#, #"[[],{},{"":null}]"#),
    ])
    func distinctCopiesHaveEachKeyOnce(source: String, expected: String) throws {
        try JSONParser().withParsed(bytes: Array(source.utf8)) { root in
            #expect(written { $0.value(distinct: root) } == expected)
        }
    }

    @Test func manyKeysAreComparedToo() throws {
        func object(_ keys: some Sequence<Int>) -> String {
            "{" + keys.map { "\"key \($0 % 500)\":\($0)" }.joined(separator: ",") + "}"
        }
        for (source, expected) in [(object(0..<1000), object(500..<1000)), (object(0..<500), object(0..<500))] {
            try JSONParser().withParsed(bytes: Array(source.utf8)) { root in
                #expect(written { $0.value(distinct: root) } == expected)
            }
        }
    }

    @Test func rawCopiesAreTheSource() throws {
        try JSONParser().withParsed(bytes: Array(text.utf8)) { root in
            let copy = written { writer in
                writer.beginObject()
                for member in root.members {
                    writer.key(rawOf: member)
                    writer.value(rawOf: member)
                }
                writer.endObject()
            }
            #expect(copy == #"{"a":1,"s":"x\ty","k\u0041":[1, [2.50, 3] , "m"],"a":{"b" : null},"":true}"#)
        }
    }

    @Test func writerPutsCommasAndEscapes() {
        let text = written { writer in
            writer.beginArray()
            writer.null()
            writer.value(true)
            writer.value("a\"b\\c/\u{1}\u{8}\t\n\u{c}\r\u{1f}é😀\u{7f}")
            writer.value("")
            writer.beginObject()
            writer.endObject()
            writer.beginObject()
            writer.key("a")
            writer.beginArray()
            writer.endArray()
            writer.key(named: "b\n")
            writer.value(-1)
            writer.endObject()
            writer.value(floats: [0.5, 1])
            writer.value(floats: [])
            writer.endArray()
        }
        #expect(text == "[null,true,\"a\\\"b\\\\c/\\u0001\\b\\t\\n\\f\\r\\u001fé😀\u{7f}\",\"\",{},{\"a\":[],\"b\\n\":-1},[0.5,1.0],[]]")
    }
}
