import QuiverLMDB
import QuiverModel

/// A range of numbers as one bound on each side, the stricter of those given.
struct NumberBounds {
    var low = -Double.infinity
    var lowIsOpen = false
    var high = Double.infinity
    var highIsOpen = false

    /// Nil when no number is in it.
    init?(_ range: NumberRange) {
        if let gte = range.gte { low = gte }
        if let gt = range.gt, gt.isNaN || gt >= low { (low, lowIsOpen) = (gt, true) }
        if let lte = range.lte { high = lte }
        if let lt = range.lt, lt.isNaN || lt <= high { (high, highIsOpen) = (lt, true) }
        // Also false for NaN.
        guard low <= high else { return nil }
        if low == high && (lowIsOpen || highIsOpen) { return nil }
    }

    func isAboveLow(_ value: Double) -> Bool { lowIsOpen ? value > low : value >= low }
    func isAboveHigh(_ value: Double) -> Bool { highIsOpen ? value >= high : value > high }

    /// The keys of a float index in it: from the first, below the second.
    var floatKeys: (from: ShortKey, below: ShortKey) {
        let lowBits = KeyOrder.bits(of: low) ?? 0
        let highBits = KeyOrder.bits(of: high) ?? 0
        return (
            FieldKey.number(lowIsOpen ? lowBits + 1 : lowBits), FieldKey.number(highIsOpen ? highBits : highBits + 1)
        )
    }

    /// The keys of an integer index in it. An integer is compared as the double nearest to it, as without an index;
    /// that rounding keeps the order, so the bounds among the integers are found by bisection.
    var integerKeys: (from: ShortKey, below: ShortKey) {
        let from = firstInteger { isAboveLow($0) }
        let below = firstInteger { isAboveHigh($0) }
        return (from.map(FieldKey.number) ?? FieldKey.afterValues, below.map(FieldKey.number) ?? FieldKey.afterValues)
    }

    private func firstInteger(where isAbove: (Double) -> Bool) -> UInt64? {
        var low: UInt64 = 0
        var high = UInt64.max
        guard isAbove(Double(Int64.max)) else { return nil }
        while low < high {
            let middle = low + (high - low) / 2
            if isAbove(Double(KeyOrder.int64(from: middle))) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

extension DatetimeRange {
    /// Nil when no moment is in it.
    var closedMicroseconds: ClosedRange<Int64>? {
        var low = Int64.min
        var high = Int64.max
        if let gte { low = max(low, gte.microsecondsSinceEpoch) }
        if let gt {
            guard gt.microsecondsSinceEpoch < Int64.max else { return nil }
            low = max(low, gt.microsecondsSinceEpoch + 1)
        }
        if let lte { high = min(high, lte.microsecondsSinceEpoch) }
        if let lt {
            guard lt.microsecondsSinceEpoch > Int64.min else { return nil }
            high = min(high, lt.microsecondsSinceEpoch - 1)
        }
        return low <= high ? low...high : nil
    }
}

extension CountRange {
    /// Nil when no count is in it.
    var closed: ClosedRange<UInt64>? {
        var low: UInt64 = 0
        var high = UInt64.max
        if let gte { low = max(low, gte) }
        if let gt {
            guard gt < UInt64.max else { return nil }
            low = max(low, gt + 1)
        }
        if let lte { high = min(high, lte) }
        if let lt {
            guard lt > 0 else { return nil }
            high = min(high, lt - 1)
        }
        return low <= high ? low...high : nil
    }
}
