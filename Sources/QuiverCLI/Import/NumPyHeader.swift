/// The head of a NumPy array file (numpy.lib.format, versions 1.0, 2.0 and 3.0).
///
/// | bytes | what |
/// |---|---|
/// | 0–5 | `\x93NUMPY` |
/// | 6, 7 | major and minor version |
/// | 8–9, or 8–11 from version 2.0 on | length of the description, little-endian |
/// | then | a Python dictionary: `{'descr': '<f4', 'fortran_order': False, 'shape': (62666, 384), }`, padded with blanks |
/// | then | the numbers |
struct NumPyHeader: Hashable, Sendable {
    enum Element: String, Sendable {
        case float32 = "<f4"
        case float16 = "<f2"
        case int32 = "<i4"
        case uint32 = "<u4"
        case int64 = "<i8"
        case uint64 = "<u8"

        var byteCount: Int {
            switch self {
            case .float16: 2
            case .float32, .int32, .uint32: 4
            case .int64, .uint64: 8
            }
        }
    }

    /// What the numbers of a file are for.
    enum Content: Sendable {
        case components
        /// Row numbers.
        case numbers

        func takes(_ element: Element) -> Bool {
            let isFloat = element == .float32 || element == .float16
            return self == .components ? isFloat : !isFloat
        }

        fileprivate func refusal(of kind: String) -> Fault {
            switch self {
            case .components:
                Fault(
                    message:
                        "numbers of type '\(kind)' cannot be imported: '<f4' (float32) or '<f2' (float16) are needed")
            case .numbers:
                Fault(message: "numbers of type '\(kind)' are not row numbers: whole numbers of 4 or 8 bytes are needed")
            }
        }
    }

    var element: Element
    var rows: Int
    var columns: Int
    /// Where the numbers begin.
    var dataOffset: Int

    var rowByteCount: Int { columns * element.byteCount }

    /// A sentence on what is wrong.
    struct Fault: Error, Hashable { var message: String }

    /// The bytes that have to be at hand to know the length of the whole head.
    static let prefixByteCount = 12

    /// The length of the head that begins with `prefix`.
    static func byteCount(_ prefix: [UInt8]) throws(Fault) -> Int {
        guard prefix.count >= 10, prefix[0] == 0x93, prefix[1..<6].elementsEqual("NUMPY".utf8) else {
            throw Fault(message: "not a NumPy array file: it does not begin with \\x93NUMPY")
        }
        switch prefix[6] {
        case 1: return 10 + Int(prefix[8]) + Int(prefix[9]) << 8
        case 2, 3:
            guard prefix.count >= 12 else { throw Fault(message: "the file ends within its head") }
            let length = (0..<4).reduce(0) { $0 | Int(prefix[8 + $1]) << (8 * $1) }
            guard length < 1 << 20 else { throw Fault(message: "the head is \(length) bytes long, that cannot be") }
            return 12 + length
        default: throw Fault(message: "version \(prefix[6]).\(prefix[7]) of the NumPy format is not known")
        }
    }

    /// Reads a whole head.
    init(_ head: [UInt8], of content: Content = .components) throws(Fault) {
        let length = try Self.byteCount(head)
        guard head.count >= length else { throw Fault(message: "the file ends within its head") }
        let start = head[6] == 1 ? 10 : 12
        guard let text = String(validating: head[start..<length], as: UTF8.self) else {
            throw Fault(message: "the description in its head is not text")
        }
        var literal = PythonLiteral(text)
        guard case .dictionary(let fields) = literal.parse() else {
            throw Fault(message: "the description in its head cannot be read: \(text)")
        }
        guard case .string(let kind) = fields["descr"] else {
            throw Fault(message: "'descr' is missing, or not a plain type")
        }
        guard let element = Element(rawValue: kind), content.takes(element) else { throw content.refusal(of: kind) }
        guard fields["fortran_order"] == .boolean(false) else {
            throw Fault(message: "the array has to be in C order (numpy.ascontiguousarray makes it so)")
        }
        guard case .tuple(let shape) = fields["shape"], shape.count == 2, shape[0] >= 0, shape[1] >= 1,
            !shape[0].multipliedReportingOverflow(by: shape[1] * 8).overflow
        else {
            throw Fault(message: "the array has to have two dimensions: rows and components")
        }
        self.element = element
        rows = shape[0]
        columns = shape[1]
        dataOffset = length
    }
}

/// As much of Python's literals as the head of a NumPy file has: dictionaries, strings, booleans, tuples of integers.
private struct PythonLiteral {
    enum Value: Equatable {
        case string(String)
        case boolean(Bool)
        case tuple([Int])
        case dictionary([String: Value])
    }

    private var rest: Substring

    init(_ text: String) { rest = text[...] }

    mutating func parse() -> Value? {
        skipBlanks()
        guard let first = rest.first else { return nil }
        switch first {
        case "{": return dictionary()
        case "(": return tuple()
        case "'", "\"": return string().map { .string($0) }
        default:
            for (word, value) in [("True", true), ("False", false)] where rest.hasPrefix(word) {
                rest = rest.dropFirst(word.count)
                return .boolean(value)
            }
            return nil
        }
    }

    private mutating func dictionary() -> Value? {
        rest.removeFirst()
        var fields: [String: Value] = [:]
        while true {
            skipBlanks()
            if take("}") { return .dictionary(fields) }
            guard let key = string() else { return nil }
            skipBlanks()
            guard take(":"), let value = parse() else { return nil }
            fields[key] = value
            skipBlanks()
            guard take(",") || rest.first == "}" else { return nil }
        }
    }

    private mutating func tuple() -> Value? {
        rest.removeFirst()
        var numbers: [Int] = []
        while true {
            skipBlanks()
            if take(")") { return .tuple(numbers) }
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard let number = Int(digits) else { return nil }
            rest = rest.dropFirst(digits.count)
            if rest.first == "L" { rest.removeFirst() }
            numbers.append(number)
            skipBlanks()
            guard take(",") || rest.first == ")" else { return nil }
        }
    }

    private mutating func string() -> String? {
        guard let quote = rest.first, quote == "'" || quote == "\"" else { return nil }
        rest.removeFirst()
        guard let end = rest.firstIndex(of: quote) else { return nil }
        defer { rest = rest[rest.index(after: end)...] }
        return String(rest[..<end])
    }

    private mutating func take(_ character: Character) -> Bool {
        guard rest.first == character else { return false }
        rest.removeFirst()
        return true
    }

    private mutating func skipBlanks() {
        rest = rest.drop { $0.isWhitespace }
    }
}
