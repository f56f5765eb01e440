import QuiverModel
import Testing

struct PayloadPathTests {
    private static let paths: [(text: String, steps: [PayloadPath.Step])] = [
        ("a", [.key("a")]),
        ("a.b", [.key("a"), .key("b")]),
        ("a-b_c1", [.key("a-b_c1")]),
        ("1", [.key("1")]),
        ("größe.名", [.key("größe"), .key("名")]),
        ("a[]", [.key("a"), .wildcard]),
        ("a[0]", [.key("a"), .index(0)]),
        ("a[].b", [.key("a"), .wildcard, .key("b")]),
        ("a[1][2].b[]", [.key("a"), .index(1), .index(2), .key("b"), .wildcard]),
        (#""a b""#, [.key("a b")]),
        (#""a.b".c"#, [.key("a.b"), .key("c")]),
        (#"a."b[]"[]"#, [.key("a"), .key("b[]"), .wildcard]),
        (#"a."!?""#, [.key("a"), .key("!?")]),
    ]

    @Test(arguments: paths.indices)
    func accepted(_ index: Int) {
        let (text, steps) = PayloadPathTests.paths[index]
        #expect(PayloadPath(text)?.steps == steps, "\(text)")
        #expect(PayloadPath(text)?.text == text)
    }

    @Test(arguments: [
        "", ".", "a.", ".a", "a..b", "a b", "a[", "a]", "a[-1]", "a[+1]", "a[x]", "a[1", "a[1]b", "a[1]]", "[0]", "[]", "a.[0]",
        #"""#, #""""#, #""a"#, #"a""#, #""a"b"#, #""a\"b""#, #""a\\b""#, "a/b", "a$", "a[99999999999999999999]", "a[ 1]", "a[١]",
    ])
    func refused(_ text: String) {
        #expect(PayloadPath(text) == nil)
        #expect(throws: QuiverError.self) { try PayloadPath(parsing: text) }
    }

    @Test func notDeeperThanPayloads() throws {
        func path(_ steps: Int) -> PayloadPath? { PayloadPath("a" + String(repeating: ".b", count: steps - 1)) }
        #expect(path(Limits.jsonDepth)?.steps.count == Limits.jsonDepth)
        #expect(path(Limits.jsonDepth + 1) == nil)
        #expect(path(1_000_000) == nil)
        #expect(PayloadPath("a" + String(repeating: "[]", count: Limits.jsonDepth)) == nil)
    }

    @Test func keysAreBytes() throws {
        #expect(PayloadPath("\u{FC}")?.steps != PayloadPath("u\u{308}")?.steps)
        #expect(PayloadPath(#""\u{FC}""#)?.steps == PayloadPath(#""\u{FC}""#)?.steps)
        #expect(GroupID.string("\u{FC}") != GroupID.string("u\u{308}"))
    }

    @Test func elementsAndNesting() throws {
        let tags = try PayloadPath(parsing: "o.tags")
        #expect(tags.elements.text == "o.tags[]" && tags.elements == PayloadPath("o.tags[]"))
        #expect(tags.elements.elements == tags.elements)
        #expect(tags.elements.withoutTrailingWildcard == tags && tags.withoutTrailingWildcard == tags)
        let first = try PayloadPath(parsing: "a[0]")
        #expect(first.withoutTrailingWildcard == first)
        let inner = try PayloadPath(parsing: "x.y").nested(in: tags.elements)
        #expect(inner == PayloadPath("o.tags[].x.y"))
    }
}
