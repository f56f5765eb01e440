/// Numbers as messages about formulas name them.
enum FormulaText {
    /// The shortest digits that mean the number, never with an exponent.
    static func of(_ number: Double) -> String {
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number < 0 ? "-inf" : "inf" }
        return plain(number.description)
    }

    static func of(_ number: Float) -> String {
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number < 0 ? "-inf" : "inf" }
        return plain(number.description)
    }

    private static func plain(_ description: String) -> String {
        let isNegative = description.hasPrefix("-")
        let parts = description.drop { $0 == "-" }.split(separator: "e")
        let exponent = parts.count > 1 ? Int(parts[1].drop { $0 == "+" }) ?? 0 : 0
        let digits = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        let whole = String(digits[0])
        let fraction = digits.count > 1 && digits[1] != "0" ? String(digits[1]) : ""
        var all = whole + fraction
        var point = whole.count + exponent
        if point <= 0 {
            all = String(repeating: "0", count: 1 - point) + all
            point = 1
        } else if point > all.count {
            all += String(repeating: "0", count: point - all.count)
        }
        let split = all.index(all.startIndex, offsetBy: point)
        let integer = all[..<split].drop { $0 == "0" }
        let rest = all[split...]
        return (isNegative ? "-" : "") + (integer.isEmpty ? "0" : integer) + (rest.isEmpty ? "" : "." + rest)
    }
}
