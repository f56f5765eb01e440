/// A path into a payload: `key(.key|[n]|[])*`.
///
/// A key is letters, digits, `_` and `-`, or anything but `"` and `\` between double quotes.
/// `a.b[]` means all elements of the array at `a.b`, `a[0]` one of them.
public struct PayloadPath: Hashable, Sendable {
    public enum Step: Hashable, Sendable {
        case key(String)
        case index(Int)
        case wildcard

        /// Keys are the same when their bytes are: payloads are compared as bytes, and strings that only look alike
        /// ("ü" in one scalar or in two) name different members.
        public static func == (left: Step, right: Step) -> Bool {
            switch (left, right) {
            case (.key(let one), .key(let other)): one.utf8.elementsEqual(other.utf8)
            case (.index(let one), .index(let other)): one == other
            case (.wildcard, .wildcard): true
            default: false
            }
        }
    }

    public let steps: [Step]

    /// The path as written, the name of the field in the schema.
    public let text: String

    /// Nil when `text` is not a path, or has more steps than a payload has levels: setting a value at a path makes the
    /// levels that are missing.
    public init?(_ text: String) {
        var steps: [Step] = []
        var rest = Substring(text)
        guard let first = PayloadPath.takeKey(&rest) else { return nil }
        steps.append(.key(first))
        while let next = rest.first {
            guard steps.count < Limits.jsonDepth else { return nil }
            switch next {
            case ".":
                rest.removeFirst()
                guard let key = PayloadPath.takeKey(&rest) else { return nil }
                steps.append(.key(key))
            case "[":
                rest.removeFirst()
                guard let close = rest.firstIndex(of: "]") else { return nil }
                let inner = rest[..<close]
                rest = rest[rest.index(after: close)...]
                if inner.isEmpty {
                    steps.append(.wildcard)
                } else {
                    guard inner.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let index = Int(inner) else { return nil }
                    steps.append(.index(index))
                }
            default:
                return nil
            }
        }
        self.steps = steps
        self.text = text
    }

    /// Throws `.badRequest` when `text` is not a path.
    public init(parsing text: String) throws(QuiverError) {
        guard let path = PayloadPath(text) else { throw .badRequest("\"\(text)\" is not a path into a payload") }
        self = path
    }

    private init(steps: [Step], text: String) {
        self.steps = steps
        self.text = text
    }

    private static func takeKey(_ rest: inout Substring) -> String? {
        if rest.first == "\"" {
            rest.removeFirst()
            guard let close = rest.firstIndex(of: "\"") else { return nil }
            let key = rest[..<close]
            guard !key.isEmpty, !key.contains("\\") else { return nil }
            rest = rest[rest.index(after: close)...]
            return String(key)
        }
        let key = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" }
        guard !key.isEmpty else { return nil }
        rest = rest[key.endIndex...]
        return String(key)
    }

    /// The path with `[]` appended when it does not end in an array step: what `nested` looks at.
    public var elements: PayloadPath {
        if case .wildcard? = steps.last { return self }
        return PayloadPath(steps: steps + [.wildcard], text: text + "[]")
    }

    /// The path without a trailing `[]`: `tags` and `tags[]` name the same field index.
    public var withoutTrailingWildcard: PayloadPath {
        guard case .wildcard? = steps.last, text.hasSuffix("[]") else { return self }
        return PayloadPath(steps: Array(steps.dropLast()), text: String(text.dropLast(2)))
    }

    /// This path seen from inside an element of `outer`: the two joined by a dot.
    public func nested(in outer: PayloadPath) -> PayloadPath {
        PayloadPath(steps: outer.steps + steps, text: outer.text + "." + text)
    }
}

extension PayloadPath: CustomStringConvertible {
    public var description: String { text }
}
