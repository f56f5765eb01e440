#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

package import QuiverModel

extension Timestamp {
    package static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microsecondsSinceEpoch: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }

    package func adding(seconds: Double) -> Timestamp {
        Timestamp(microsecondsSinceEpoch: microsecondsSinceEpoch + Int64(seconds * 1e6))
    }

    package func seconds(since other: Timestamp) -> Double {
        Double(microsecondsSinceEpoch - other.microsecondsSinceEpoch) / 1e6
    }

    /// RFC 3339 in UTC with microseconds: `2026-11-21T17:25:12.000000Z`.
    package var text: String {
        let (date, time, micros) = fields
        return "\(Self.two(date.year, 4))-\(Self.two(date.month))-\(Self.two(date.day))T"
            + "\(Self.two(time.hour)):\(Self.two(time.minute)):\(Self.two(time.second)).\(Self.two(micros, 6))Z"
    }

    /// `20261121T172512Z`, as request signatures and names of backups have it.
    package var compactText: String {
        let (date, time, _) = fields
        return "\(Self.two(date.year, 4))\(Self.two(date.month))\(Self.two(date.day))T"
            + "\(Self.two(time.hour))\(Self.two(time.minute))\(Self.two(time.second))Z"
    }

    /// `2026-11-21T17:25:12`, as snapshots are listed.
    package var secondsText: String { String(text.prefix(19)) }

    package struct CivilDate: Hashable, Sendable {
        package var year: Int
        package var month: Int
        package var day: Int
    }

    package var date: CivilDate { fields.date }

    /// Days since 1970-01-01, UTC.
    package var day: Int {
        let whole = microsecondsSinceEpoch / 86_400_000_000
        return Int(microsecondsSinceEpoch < 0 && microsecondsSinceEpoch % 86_400_000_000 != 0 ? whole - 1 : whole)
    }

    private var fields: (date: CivilDate, time: (hour: Int, minute: Int, second: Int), micros: Int) {
        let rest = Int(microsecondsSinceEpoch - Int64(day) * 86_400_000_000)
        let seconds = rest / 1_000_000
        return (
            Self.civil(day), (seconds / 3600, seconds / 60 % 60, seconds % 60), rest % 1_000_000
        )
    }

    /// H. Hinnant, "chrono-compatible low-level date algorithms", civil_from_days.
    private static func civil(_ days: Int) -> CivilDate {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return CivilDate(
            year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month: month,
            day: dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    private static func two(_ number: Int, _ width: Int = 2) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
