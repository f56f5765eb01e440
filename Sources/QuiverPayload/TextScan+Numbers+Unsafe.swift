/// A JSON number as serde_json tells them apart: an integer that fits is an integer, everything else a double.
enum TextNumber {
    case integer(Int64)
    /// Above `Int64.max`.
    case unsigned(UInt64)
    /// With a fraction or an exponent, an integer out of range, or `-0`.
    case double(Double)

    @inline(__always)
    var asDouble: Double {
        switch self {
        case .integer(let value): Double(value)
        case .unsigned(let value): Double(value)
        case .double(let value): value
        }
    }
}

extension TextScan {
    /// Is there a number at `at`?
    @inline(__always)
    static func isNumber(_ byte: UInt8) -> Bool {
        byte &- UInt8(ascii: "0") < 10 || byte == UInt8(ascii: "-")
    }

    /// The number at `start`.
    static func number(_ base: TextBase, _ start: Int, _ end: Int) -> TextNumber {
        let stop = unsafe endOfScalar(base, start, end)
        let isNegative = unsafe start < stop && base[start] == UInt8(ascii: "-")
        var at = isNegative ? start &+ 1 : start
        var mantissa: UInt64 = 0
        let firstDigit = at
        while at < stop, at &- firstDigit < 19 {
            let digit = unsafe base[at] &- UInt8(ascii: "0")
            if digit > 9 { break }
            mantissa = mantissa &* 10 &+ UInt64(digit)
            at &+= 1
        }
        if at == stop {
            if !isNegative {
                return mantissa <= UInt64(Int64.max) ? .integer(Int64(mantissa)) : .unsigned(mantissa)
            }
            if mantissa == 0 { return .double(-0.0) }
            if mantissa <= 1 &<< 63 { return .integer(Int64(truncatingIfNeeded: 0 &- mantissa)) }
        }
        return unsafe slowNumber(base, start, stop, isNegative)
    }

    /// Fractions, exponents and numbers of more than 19 digits.
    private static func slowNumber(_ base: TextBase, _ start: Int, _ stop: Int, _ isNegative: Bool) -> TextNumber {
        if let value = unsafe decimal(base, isNegative ? start &+ 1 : start, stop) {
            return .double(isNegative ? -value : value)
        }
        let text = unsafe String(decoding: UnsafeBufferPointer(start: base + start, count: stop &- start), as: UTF8.self)
        if let value = UInt64(text) {
            return value <= UInt64(Int64.max) ? .integer(Int64(value)) : .unsigned(value)
        }
        if let value = Int64(text) { return value == 0 ? .double(-0.0) : .integer(value) }
        return .double(Double(text) ?? 0)
    }

    /// Clinger's exact cases: at most 15 digits and a power of ten up to 22 are both doubles without error, so one
    /// multiplication or division rounds once. Nil for everything else.
    @inline(__always)
    private static func decimal(_ base: TextBase, _ start: Int, _ stop: Int) -> Double? {
        var mantissa: UInt64 = 0
        var digits = 0
        var exponent = 0
        var seenPoint = false
        var isInteger = true
        var at = start
        while at < stop {
            let byte = unsafe base[at]
            let digit = byte &- UInt8(ascii: "0")
            if digit <= 9 {
                mantissa = mantissa &* 10 &+ UInt64(digit)
                if mantissa != 0 { digits &+= 1 }
                if digits > 15 { return nil }
                if seenPoint { exponent &-= 1 }
            } else if byte == UInt8(ascii: ".") {
                seenPoint = true
                isInteger = false
            } else {
                break
            }
            at &+= 1
        }
        if at < stop {
            isInteger = false
            at &+= 1
            var sign = 1
            if at < stop, unsafe base[at] == UInt8(ascii: "-") || base[at] == UInt8(ascii: "+") {
                if unsafe base[at] == UInt8(ascii: "-") { sign = -1 }
                at &+= 1
            }
            var written = 0
            while at < stop {
                written = min(written &* 10 &+ Int(unsafe base[at] &- UInt8(ascii: "0")), 10_000)
                at &+= 1
            }
            exponent &+= sign &* written
        }
        if isInteger { return nil }
        if mantissa == 0 { return 0 }
        guard exponent >= -22, exponent <= 22 else { return nil }
        let power = powersOfTen[exponent < 0 ? 0 &- exponent : exponent]
        return exponent < 0 ? Double(mantissa) / power : Double(mantissa) * power
    }
}

private let powersOfTen: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
]
