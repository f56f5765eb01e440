#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Times for people and logs: RFC 3339, UTC, with milliseconds.
enum UTC {
    static var now: String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return text(microseconds: Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000)
    }

    /// - Parameter microseconds: since 1970.
    static func text(microseconds: Int64) -> String {
        var parts = tm()
        var seconds = time_t(microseconds / 1_000_000)
        gmtime_r(&seconds, &parts)
        func padded(_ value: some BinaryInteger, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let date = "\(parts.tm_year + 1900)-\(padded(parts.tm_mon + 1, 2))-\(padded(parts.tm_mday, 2))"
        let time = "\(padded(parts.tm_hour, 2)):\(padded(parts.tm_min, 2)):\(padded(parts.tm_sec, 2))"
        return "\(date)T\(time).\(padded(microseconds / 1000 % 1000, 3))Z"
    }
}
