/// A moment in UTC with microsecond precision, as Qdrant keeps datetimes.
public struct Timestamp: Hashable, Comparable, Sendable {
    public var microsecondsSinceEpoch: Int64

    public init(microsecondsSinceEpoch: Int64) {
        self.microsecondsSinceEpoch = microsecondsSinceEpoch
    }

    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.microsecondsSinceEpoch < right.microsecondsSinceEpoch
    }
}

extension Timestamp {
    /// Reads RFC 3339 with any offset, and the looser forms Qdrant takes: a space for `T`, an offset
    /// without colon or with hours only, a trailing ` UTC`, no zone (UTC), no seconds, a date alone.
    public init?(_ text: String) {
        var text = text
        let parsed = text.withUTF8 { unsafe Timestamp(utf8: $0) }
        guard let parsed else { return nil }
        self = parsed
    }

    /// The same for UTF-8 bytes.
    public init?(utf8 bytes: UnsafeBufferPointer<UInt8>) {
        var scanner = unsafe TimestampScanner(bytes: bytes)
        guard let micros = scanner.scan() else { return nil }
        microsecondsSinceEpoch = micros
    }
}

/// Reads only between 0 and `bytes.count`.
@safe private struct TimestampScanner {
    let bytes: UnsafeBufferPointer<UInt8>
    var place = 0

    init(bytes: UnsafeBufferPointer<UInt8>) {
        unsafe self.bytes = unsafe bytes
    }

    mutating func scan() -> Int64? {
        guard let year = digits(4), take("-"), let month = digits(2), take("-"), let day = digits(2),
            (1...12).contains(month), day >= 1, day <= daysIn(month: month, year: year)
        else { return nil }
        var seconds = daysSinceEpoch(year: year, month: month, day: day) * 86_400
        var micros: Int64 = 0
        if !atEnd {
            guard take("T") || take("t") || take(" ") else { return nil }
            guard let hour = digits(2), take(":"), let minute = digits(2), hour < 24, minute < 60 else { return nil }
            seconds += hour * 3600 + minute * 60
            if take(":") {
                guard let second = digits(2), second <= 60 else { return nil }
                seconds += min(second, 59)
                if take(".") {
                    guard let fraction = fraction() else { return nil }
                    micros = fraction
                }
            }
            guard let offset = zone() else { return nil }
            seconds -= offset
        }
        guard atEnd else { return nil }
        return seconds * 1_000_000 + micros
    }

    private var atEnd: Bool { unsafe place == bytes.count }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard unsafe place < bytes.count && bytes[place] == UInt8(ascii: character) else { return false }
        place += 1
        return true
    }

    private mutating func digit() -> Int64? {
        guard unsafe place < bytes.count else { return nil }
        let byte = unsafe bytes[place]
        guard byte >= 0x30 && byte <= 0x39 else { return nil }
        place += 1
        return Int64(byte - 0x30)
    }

    private mutating func digits(_ count: Int) -> Int64? {
        var value: Int64 = 0
        for _ in 0..<count {
            guard let next = digit() else { return nil }
            value = value * 10 + next
        }
        return value
    }

    /// One to any number of digits, of which the first six count.
    private mutating func fraction() -> Int64? {
        guard var value = digit() else { return nil }
        var count = 1
        while let next = digit() {
            if count < 6 {
                value = value * 10 + next
                count += 1
            }
        }
        while count < 6 {
            value *= 10
            count += 1
        }
        return value
    }

    /// Seconds east of UTC.
    private mutating func zone() -> Int64? {
        if atEnd || take("Z") || take("z") { return 0 }
        if take(" ") {
            return take("U") && take("T") && take("C") ? 0 : nil
        }
        let sign: Int64
        if take("+") {
            sign = 1
        } else if take("-") {
            sign = -1
        } else {
            return nil
        }
        guard let hours = digits(2), hours < 24 else { return nil }
        if atEnd { return sign * hours * 3600 }
        _ = take(":")
        guard let minutes = digits(2), minutes < 60 else { return nil }
        return sign * (hours * 3600 + minutes * 60)
    }

    private func daysIn(month: Int64, year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days from 1970-01-01 in the proleptic Gregorian calendar (H. Hinnant, "chrono-compatible
    /// low-level date algorithms", days_from_civil).
    private func daysSinceEpoch(year: Int64, month: Int64, day: Int64) -> Int64 {
        let y = month <= 2 ? year - 1 : year
        let era = (y >= 0 ? y : y - 399) / 400
        let yearOfEra = y - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}
