import Glibc
import QuiverModel
import Synchronization

/// The slowest requests since the start, a few of each route. Memory is bounded: a route has so many entries, and there
/// are as many routes as the table has.
final class SlowRequests: Sendable {
    struct Entry: Sendable {
        var request: String
        var collection: String
        var seconds: Double
        /// Since 1970.
        var time: Int
        /// How often the same was asked of the same collection and took long.
        var count: Int
    }

    /// Faster ones are not worth a word.
    private static let least = Duration.milliseconds(50)
    private static let mostPerRoute = 32

    private let entries = Mutex<[String: [Entry]]>([:])

    func note(_ call: Call, _ duration: Duration) {
        guard duration >= Self.least, call.route.isMeasured else { return }
        let entry = Entry(
            request: call.route.label, collection: call.collectionName, seconds: duration.seconds, time: time(nil),
            count: 1)
        entries.withLock { entries in
            var list = entries[entry.request] ?? []
            if let same = list.firstIndex(where: { $0.collection == entry.collection }) {
                list[same].count += 1
                if list[same].seconds < entry.seconds {
                    list[same].seconds = entry.seconds
                    list[same].time = entry.time
                }
            } else {
                list.append(entry)
            }
            list.sort { $0.seconds > $1.seconds }
            entries[entry.request] = Array(list.prefix(Self.mostPerRoute))
        }
    }

    /// Slowest first. `containing`: a part of the request's name.
    func slowest(_ limit: Int, containing part: String?) -> [Entry] {
        let all = entries.withLock { $0.values.flatMap { $0 } }
        return Array(
            all.filter { part.map($0.request.contains) ?? true }.sorted { $0.seconds > $1.seconds }.prefix(max(0, limit)))
    }
}

/// Times as they are told: RFC 3339, in UTC.
enum Timestamps {
    static func text(_ time: Timestamp) -> String {
        let (seconds, rest) = time.microsecondsSinceEpoch.quotientAndRemainder(dividingBy: 1_000_000)
        return rest < 0 ? text(Int(seconds) - 1, Int(rest + 1_000_000) * 1000) : text(Int(seconds), Int(rest) * 1000)
    }

    static func text(_ seconds: Int, _ nanoseconds: Int = 0) -> String {
        var seconds = seconds
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func padded(_ value: Int, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
        }
        let date = "\(parts.tm_year + 1900)-\(padded(Int(parts.tm_mon) + 1, 2))-\(padded(Int(parts.tm_mday), 2))"
        let time = "\(padded(Int(parts.tm_hour), 2)):\(padded(Int(parts.tm_min), 2)):\(padded(Int(parts.tm_sec), 2))"
        let fraction = nanoseconds == 0 ? "" : "." + padded(nanoseconds / 1000, 6)
        return "\(date)T\(time)\(fraction)Z"
    }
}
