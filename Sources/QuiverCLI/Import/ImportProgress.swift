#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// How far an import is: a bar that is drawn again on a terminal, a line now and then otherwise.
struct ImportProgress {
    private let total: Int
    /// Rows that were there before.
    private let first: Int
    private let isTerminal: Bool
    private let started = ContinuousClock.now
    private var shown: ContinuousClock.Instant?
    private let write: (String) -> Void

    init(
        total: Int, first: Int, isTerminal: Bool = StandardError.isTerminal,
        write: @escaping (String) -> Void = StandardError.write
    ) {
        self.total = total
        self.first = first
        self.isTerminal = isTerminal
        self.write = write
    }

    mutating func show(_ done: Int, isLast: Bool = false) {
        let now = ContinuousClock.now
        let interval: Duration = isTerminal ? .milliseconds(100) : .seconds(5)
        if !isLast, let shown, now - shown < interval { return }
        shown = now
        let text = Self.text(
            done: done, total: total, first: first, elapsed: now - started, barWidth: isTerminal ? 30 : 0)
        write(isTerminal ? "\r\u{1B}[K" + text + (isLast ? "\n" : "") : text + "\n")
    }

    var elapsed: Duration { ContinuousClock.now - started }

    static func text(done: Int, total: Int, first: Int, elapsed: Duration, barWidth: Int) -> String {
        let share = total == 0 ? 1 : Double(done) / Double(total)
        let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
        let rate = seconds > 0 ? Double(done - first) / seconds : 0
        var text = ""
        if barWidth > 0 {
            let filled = Int(share * Double(barWidth))
            text +=
                "[" + String(repeating: "█", count: filled) + String(repeating: "·", count: barWidth - filled) + "] "
        }
        text += "\(Int(share * 100)) % \(done)/\(total) points, \(Int(rate))/s"
        if done < total, rate > 0 { text += ", " + clock(Double(total - done) / rate) + " left" }
        return text
    }

    private static func clock(_ seconds: Double) -> String {
        let whole = Int(seconds.rounded(.up))
        let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return hours > 0 ? "\(hours):\(two(minutes)):\(two(rest))" : "\(minutes):\(two(rest))"
    }
}
