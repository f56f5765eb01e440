import Foundation
import QuiverModel
import QuiverTestKit
import Testing

struct TimestampTests {
    /// 2024-02-29T12:34:56Z.
    private static let moment: Int64 = 1_709_210_096_000_000

    private static let accepted: [(text: String, microseconds: Int64)] = [
        // RFC 3339 with any offset, either case of `t` and `z`.
        ("2024-02-29T12:34:56Z", moment),
        ("2024-02-29t12:34:56z", moment),
        ("2024-02-29T13:34:56+01:00", moment),
        ("2024-02-29T07:04:56-05:30", moment),
        ("2024-02-29T12:34:56-00:00", moment),
        ("2024-03-01T02:34:56+14:00", moment),
        // Offset without colon, or hours only.
        ("2024-02-29T13:34:56+0100", moment),
        ("2024-02-29T13:34:56+01", moment),
        // A space for `T`, a trailing UTC, no zone.
        ("2024-02-29 12:34:56Z", moment),
        ("2024-02-29 12:34:56 UTC", moment),
        ("2024-02-29T12:34:56", moment),
        ("2024-02-29 12:34:56", moment),
        // Fractions; of more than microseconds the rest is cut.
        ("2024-02-29T12:34:56.5Z", moment + 500_000),
        ("2024-02-29T12:34:56.000001", moment + 1),
        ("2024-02-29T12:34:56.123456789Z", moment + 123_456),
        // No seconds, a date alone.
        ("2024-02-29T12:34Z", moment - 56_000_000),
        ("2024-02-29 12:34", moment - 56_000_000),
        ("2024-02-29", moment - 45_296_000_000),
        ("1970-01-01", 0),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("0001-01-01T00:00:00Z", -62_135_596_800_000_000),
        ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
    ]

    @Test(arguments: accepted.indices)
    func accepts(_ index: Int) {
        let (text, microseconds) = TimestampTests.accepted[index]
        #expect(Timestamp(text)?.microsecondsSinceEpoch == microseconds, "\(text)")
    }

    @Test(arguments: [
        // Year, year and month, time alone, numbers.
        "2024", "2024-02", "12:34:56", "T12:34:56Z", "1709210096", "1709210096000", "",
        // Dates and times that are none.
        "2023-02-29", "1900-02-29", "2024-13-01", "2024-00-01", "2024-01-00", "2024-04-31", "2024-02-29T24:00:00Z",
        "2024-02-29T12:60:00Z", "2024-02-29T12:34:61Z", "2024-02-29T12:34:56+24:00", "2024-02-29T12:34:56+01:60",
        // Forms that are none.
        "2024-2-9", "24-02-29", "2024/02/29", "2024-02-29T", "2024-02-29T12", "2024-02-29T12:34:56.", "2024-02-29T12:34:56.Z",
        "2024-02-29T12:34:56 ", " 2024-02-29", "2024-02-29T12:34:56Zx", "2024-02-29T12:34:56+1", "2024-02-29  12:34:56",
        "2024-02-29T12:34:56 CET", "2024-02-29T12:34:56 utcx", "٢٠٢٤-02-29", "2024-02-29_12:34:56", "20240229T123456Z",
    ])
    func refuses(_ text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test func agreesWithFoundation() {
        var random = SeededGenerator(seed: runSeed("timestamps"))
        let formatter = ISO8601DateFormatter()
        for _ in 0..<500 {
            // From the year 1600 to 2500: Foundation's calendar is another one before 1582.
            let seconds = Int64(random.below(28_000_000_000)) - 11_600_000_000
            let offset = (random.below(57) - 28) * 1800
            formatter.timeZone = TimeZone(secondsFromGMT: offset)
            let text = formatter.string(from: Date(timeIntervalSince1970: Double(seconds)))
            #expect(Timestamp(text)?.microsecondsSinceEpoch == seconds * 1_000_000, "\(text)")
        }
    }

    @Test func nothingCrashes() {
        var random = SeededGenerator(seed: runSeed("timestamp noise"))
        let characters = Array("0123456789-:.TtZz+ UTC")
        for _ in 0..<5000 {
            var text = Array(random.pick(TimestampTests.accepted).text)
            for _ in 0..<1 + random.below(3) {
                switch random.below(3) {
                case 0 where !text.isEmpty: text.remove(at: random.below(text.count))
                case 1: text.insert(random.pick(characters), at: random.below(text.count + 1))
                default: if !text.isEmpty { text[random.below(text.count)] = random.pick(characters) }
                }
            }
            _ = Timestamp(String(text))
        }
    }
}
