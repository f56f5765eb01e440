import Foundation

@testable import QuiverJSON

/// SplitMix64. Tests print the seed; `QUIVER_SEED` runs them again from it.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(test: String) {
        let given = ProcessInfo.processInfo.environment["QUIVER_SEED"].flatMap { UInt64($0) }
        let seed = given ?? UInt64.random(in: 0...UInt64.max)
        print("\(test): QUIVER_SEED=\(seed)")
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func chance(_ oneIn: Int) -> Bool { Int.random(in: 0..<oneIn, using: &self) == 0 }
}

func parse(_ text: String) throws(JSONError) -> JSONValue { try parse(Array(text.utf8)) }

func parse(_ bytes: [UInt8]) throws(JSONError) -> JSONValue {
    try JSONParser().withParsed(bytes: bytes) { root in JSONValue(root) }
}

func written(_ write: (inout JSONWriter) -> Void) -> String {
    var writer = JSONWriter(reservingByteCount: 0)
    write(&writer)
    return writer.text
}

/// A value with the text that stands for it, in any of the ways JSON allows.
struct RandomDocument {
    var generator: SeededGenerator
    var text = ""

    mutating func space() {
        while generator.chance(4) { text.append([" ", "\n", "\t", "\r"].randomElement(using: &generator) ?? " ") }
    }

    mutating func value(depth: Int) -> JSONValue {
        space()
        defer { space() }
        switch Int.random(in: 0..<(depth == 0 ? 5 : 9), using: &generator) {
        case 0:
            text += "null"
            return .null
        case 1:
            let value = Bool.random(using: &generator)
            text += value ? "true" : "false"
            return .bool(value)
        case 2, 3: return number()
        case 4: return .string(string())
        case 5, 6:
            text += "["
            var elements: [JSONValue] = []
            // Arrays of numbers are common: their packing is what can go wrong.
            let onlyNumbers = generator.chance(2)
            for index in 0..<Int.random(in: 0..<6, using: &generator) {
                if index > 0 { text += "," }
                elements.append(onlyNumbers ? spacedNumber() : value(depth: depth - 1))
            }
            if elements.isEmpty { space() }
            text += "]"
            return .array(elements)
        default:
            text += "{"
            var members: [JSONValue.Member] = []
            for index in 0..<Int.random(in: 0..<6, using: &generator) {
                if index > 0 { text += "," }
                space()
                let key = string()
                space()
                text += ":"
                members.append(.init(key, value(depth: depth - 1)))
            }
            if members.isEmpty { space() }
            text += "}"
            return .object(members)
        }
    }

    private mutating func spacedNumber() -> JSONValue {
        space()
        defer { space() }
        return number()
    }

    mutating func number() -> JSONValue {
        switch Int.random(in: 0..<8, using: &generator) {
        case 0:
            let value = Int64.random(in: Int64.min...Int64.max, using: &generator)
            text += String(value)
            return .int(value)
        case 1:
            let value = UInt64.random(in: UInt64(Int64.max) + 1...UInt64.max, using: &generator)
            text += String(value)
            return .uint(value)
        case 2:
            let value = Double(bitPattern: generator.next())
            guard value.isFinite else { return number() }
            let form = "\(value)"
            text += form
            return .double(value)
        case 3:
            let form = "\(Int.random(in: -999...999, using: &generator)).\(generator.next() >> Int.random(in: 0..<64, using: &generator))"
            text += form
            return .double(Double(form) ?? .nan)
        case 4:
            let form = "\(generator.next())e\(Int.random(in: -330...280, using: &generator))"
            text += form
            return .double(Double(form) ?? .nan)
        case 5:
            let form = "\(Float.random(in: -1...1, using: &generator))"
            text += form
            return .double(Double(form) ?? .nan)
        default:
            let value = Int64.random(in: -1000...1000, using: &generator)
            text += String(value)
            return .int(value)
        }
    }

    mutating func string() -> String {
        var value = ""
        text += "\""
        for _ in 0..<Int.random(in: 0..<12, using: &generator) {
            let scalar: Unicode.Scalar
            switch Int.random(in: 0..<8, using: &generator) {
            case 0: scalar = Unicode.Scalar(UInt8.random(in: 0..<0x20, using: &generator))
            case 1: scalar = ["\"", "\\", "/"].randomElement(using: &generator) ?? "/"
            case 2: scalar = Unicode.Scalar(UInt32.random(in: 0..<0x110000, using: &generator)) ?? "ß"
            default: scalar = Unicode.Scalar(UInt8.random(in: 0x20..<0x7F, using: &generator))
            }
            value.unicodeScalars.append(scalar)
            append(scalar)
        }
        text += "\""
        return value
    }

    private mutating func append(_ scalar: Unicode.Scalar) {
        let mustEscape = scalar.value < 0x20 || scalar == "\"" || scalar == "\\"
        guard mustEscape || generator.chance(10) else {
            text.unicodeScalars.append(scalar)
            return
        }
        let short: [Unicode.Scalar: String] = [
            "\"": #"\""#, "\\": #"\\"#, "/": #"\/"#, "\u{8}": #"\b"#, "\u{C}": #"\f"#, "\n": #"\n"#, "\r": #"\r"#, "\t": #"\t"#,
        ]
        if let form = short[scalar], generator.chance(2) {
            text += form
            return
        }
        for unit in String(scalar).utf16 {
            let digits = String(unit, radix: 16, uppercase: generator.chance(2))
            text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
    }
}
