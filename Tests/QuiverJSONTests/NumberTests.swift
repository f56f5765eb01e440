import Foundation
import Testing

@testable import QuiverJSON

struct NumberTests {
    @Test(arguments: [
        ("0", JSONValue.int(0)), ("-1", .int(-1)), ("9223372036854775807", .int(.max)), ("-9223372036854775808", .int(.min)),
        ("9223372036854775808", .uint(1 << 63)), ("18446744073709551615", .uint(.max)),
        ("18446744073709551616", .double(18446744073709551616)), ("-9223372036854775809", .double(-9223372036854775808)),
        ("100000000000000000000000", .double(1e23)), ("1.0", .double(1)), ("1e2", .double(100)), ("1E+2", .double(100)),
        ("5e-324", .double(.leastNonzeroMagnitude)), ("1e-400", .double(0)), ("0e999999999999999999999", .double(0)),
        ("1.7976931348623157e308", .double(.greatestFiniteMagnitude)), ("2.2250738585072011e-308", .double(Double.leastNormalMagnitude.nextDown)),
        ("0.000000000000000000000000000000000000000001", .double(1e-42)), ("9007199254740993.0", .double(9007199254740992)),
        ("123456789012345678901234567890.123456789", .double(123456789012345678901234567890.123456789)),
    ])
    func forms(text: String, expected: JSONValue) throws {
        #expect(try parse(text) == expected)
        #expect(try parse(" \(text)\n") == expected)
        #expect(try parse("[\(text)]") == .array([expected]))
        #expect(try parse("[true,\(text)]") == .array([.bool(true), expected]))
        #expect(try parse("[\(text) , 0.5]") == .array([expected, .double(0.5)]))
        #expect(try parse("{\"k\":\(text)}") == .object([.init("k", expected)]))
    }

    @Test func minusZeroKeepsItsSign() throws {
        for text in ["-0", "-0.0", "-0e5"] {
            guard case .double(let value) = try parse(text) else { Issue.record("no double: \(text)"); continue }
            #expect(value == 0 && value.sign == .minus)
        }
    }

    @Test(arguments: ["01", "-01", "1.", ".5", "-", "+1", "1e", "1e+", "1.e5", "0x1", "1_0", "NaN", "Infinity", "-Infinity", "1a", "1\u{0}", "--1", "1.5.5", "1\"\""])
    func refused(text: String) {
        for whole in [text, "[\(text)]", "[1,\(text)]", "[1.5,\(text)]", "{\"a\":\(text)}"] {
            #expect(throws: JSONError.self) { try parse(whole) }
        }
    }

    @Test(arguments: ["1e309", "-1e309", "1e99999999999999999999", "123456789e305"])
    func outOfRange(text: String) {
        let error = #expect(throws: JSONError.self) { try parse("[0, \(text)]") }
        #expect(error?.code == .numberOutOfRange)
        #expect(error?.byteOffset == 4)
    }

    @Test func doublesAreWhatStrtodReads() throws {
        var generator = SeededGenerator(test: "strtod")
        var forms: [String] = []
        for _ in 0..<20_000 {
            let digits = String((0..<Int.random(in: 1...24, using: &generator)).map { _ in "0123456789".randomElement(using: &generator) ?? "0" })
            switch Int.random(in: 0..<3, using: &generator) {
            case 0: forms.append("\(Int.random(in: -20...20, using: &generator)).\(digits)")
            case 1: forms.append("\(Int.random(in: 0...9, using: &generator)).\(digits)e\(Int.random(in: -320...300, using: &generator))")
            default: forms.append("\(Double(Float(bitPattern: UInt32.random(in: 0..<0x7F80_0000, using: &generator))))")
            }
        }
        let bytes = Array("[\(forms.joined(separator: ","))]".utf8)
        try JSONParser().withParsed(bytes: bytes) { root in
            #expect(root.count == forms.count)
            for (element, form) in zip(root.elements, forms) {
                #expect(element.double?.bitPattern == strtod(form, nil).bitPattern, "\(form)")
            }
            var floats: [Float] = []
            #expect(root.floats(into: &floats))
            for (float, form) in zip(floats, forms) { #expect(float.bitPattern == Float(strtod(form, nil)).bitPattern) }
        }
    }

    @Test(arguments: [
        ("[1.5, 2, -3]", [1.5, 2, -3] as [Float]?), ("[1,2,3]", [1, 2, 3]), ("[]", []), ("[18446744073709551615,1]", [18446744073709551616, 1]),
        ("[1,18446744073709551615,0.5]", [1, 18446744073709551616, 0.5]), ("[1,\"a\"]", nil), ("[1.5,null]", nil), ("{}", nil), ("1.5", nil),
        ("[[1.5]]", nil), ("[1e39]", [.infinity]),
    ])
    func floats(text: String, expected: [Float]?) throws {
        try JSONParser().withParsed(bytes: Array(text.utf8)) { root in
            var floats: [Float] = [9]
            #expect(root.appendFloats(to: &floats) == (expected != nil))
            #expect(floats == [9] + (expected ?? []))
        }
    }

    @Test func integersStayExactAmongDoubles() throws {
        try JSONParser().withParsed(bytes: Array("[9007199254740993, 0.5, 18446744073709551615]".utf8)) { root in
            #expect(root.element(at: 0)?.int64 == 9007199254740993)
            #expect(root.element(at: 0)?.uint64 == 9007199254740993)
            #expect(root.element(at: 1)?.int64 == nil)
            #expect(root.element(at: 2)?.uint64 == .max)
            #expect(root.element(at: 2)?.int64 == nil)
            #expect(root.elements.map(\.kind) == [.int64, .double, .uint64])
        }
    }

    @Test func numbersAreWrittenShortAndReadBack() throws {
        var generator = SeededGenerator(test: "written numbers")
        for (float, text) in [
            (0.1, "0.1"), (1, "1.0"), (-0.0, "-0.0"), (1e20, "1e20"), (1.5e-7, "1.5e-7"), (16777216, "16777216.0"), (0.00001, "0.00001"),
            (.infinity, "null"), (.nan, "null"), (3.4028235e38, "3.4028235e38"), (.leastNonzeroMagnitude, "1e-45"), (1234567.9, "1234567.9"),
        ] as [(Float, String)] {
            #expect(written { $0.value(float) } == text)
        }
        for (double, text) in [(0.1, "0.1"), (1e16, "1e16"), (1e15, "1000000000000000.0"), (.leastNonzeroMagnitude, "5e-324"), (0.3, "0.3"), (-1.25e-9, "-1.25e-9")] as [(Double, String)] {
            #expect(written { $0.value(double) } == text)
        }
        var floats: [Float] = []
        for _ in 0..<20_000 {
            let float = Float(bitPattern: UInt32(truncatingIfNeeded: generator.next()))
            guard float.isFinite else { continue }
            let text = written { $0.value(float) }
            #expect(Float(text) == float)
            // As many digits as the standard library's shortest form has.
            #expect(significantDigits(text) == significantDigits(float.description), "\(float)")
            floats.append(float)
            let double = Double(bitPattern: generator.next())
            if double.isFinite { #expect(Double(written { $0.value(double) }) == double) }
            let integer = Int64(bitPattern: generator.next())
            #expect(written { $0.value(integer) } == "\(integer)")
            #expect(written { $0.value(UInt64(bitPattern: integer)) } == "\(UInt64(bitPattern: integer))")
        }
        var read: [Float] = []
        try JSONParser().withParsed(bytes: Array(written { $0.value(floats: floats) }.utf8)) { root in _ = root.floats(into: &read) }
        #expect(read == floats)
    }

    private func significantDigits(_ text: String) -> String {
        let mantissa = text.prefix { $0 != "e" }.filter(\.isNumber).drop { $0 == "0" }
        return String(mantissa.reversed().drop { $0 == "0" }.reversed())
    }
}
