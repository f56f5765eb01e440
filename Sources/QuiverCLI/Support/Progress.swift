import QuiverJSON
import Synchronization

/// What a long command tells while it works: a bar that is drawn again on a terminal, a line now and then otherwise,
/// JSON lines with `--json`. Any thread may tell.
///
///     let progress = Progress(isJSON: json)
///     progress.begin("checking products", total: bytes, unit: .bytes)
///     progress.advance(chunk.count)                       // from any thread, as often as it likes
///     progress.note("products: segment 3 is damaged")     // stays, above the bar
///     progress.end()
final class Progress: Sendable {
    enum Form: Sendable {
        /// Standard error is a terminal.
        case bar
        /// It is not: a line every five seconds.
        case lines
        /// JSON lines on standard output: `{"event": …}`.
        case json
    }

    /// What is counted.
    enum Unit: Sendable {
        case points
        case bytes
        case files
        /// Steps of no name of their own.
        case steps
    }

    let form: Form
    private let write: @Sendable (String) -> Void
    private let state = Mutex(State())

    private struct State {
        var activity = ""
        var unit = Unit.steps
        /// Nil where nobody knows.
        var total: Int?
        var done = 0
        /// What was done before `started`, and says nothing about the speed.
        var before = 0
        var started = ContinuousClock.now
        var shown: ContinuousClock.Instant?
        /// Something without a line end is on the terminal.
        var isDrawn = false
    }

    /// - Parameter write: gets whole lines, or what draws the bar again.
    init(form: Form, write: @escaping @Sendable (String) -> Void) {
        self.form = form
        self.write = write
    }

    /// As the command was asked: JSON on standard output, all else on standard error.
    convenience init(isJSON: Bool = false) {
        if isJSON {
            self.init(form: .json, write: StandardOutput.write)
        } else {
            self.init(form: StandardError.isTerminal ? .bar : .lines, write: StandardError.write)
        }
    }

    /// A new activity, which ends the one before.
    /// - Parameters:
    ///   - total: how much there is to do; nil: unknown.
    ///   - before: how much of it was done by an earlier run.
    func begin(_ activity: String, total: Int? = nil, unit: Unit = .steps, before: Int = 0) {
        state.withLock { state in
            finish(&state)
            state.activity = activity
            state.unit = unit
            state.total = total
            state.done = before
            state.before = before
            state.started = ContinuousClock.now
            state.shown = nil
            showIfDue(&state)
        }
    }

    func advance(_ count: Int) {
        state.withLock { state in
            state.done += count
            showIfDue(&state)
        }
    }

    /// The amount in all, where the caller counts.
    func reach(_ done: Int) {
        state.withLock { state in
            state.done = done
            showIfDue(&state)
        }
    }

    /// More was found to do.
    func extend(total: Int) {
        state.withLock { $0.total = total }
    }

    /// Free text in place of an amount; it is only made when it is shown.
    func show(_ text: @autoclosure () -> String) {
        state.withLock { state in
            guard isDue(&state) else { return }
            draw(text(), &state)
        }
    }

    /// Shows the end of the activity.
    func end() {
        state.withLock { finish(&$0) }
    }

    /// Makes room for other output, without showing the end of the activity.
    func clear() {
        state.withLock { state in
            if form == .bar, state.isDrawn { write("\r\u{1B}[K") }
            state.isDrawn = false
            state.shown = nil
            state.activity = ""
            state.total = nil
            state.done = 0
            state.before = 0
        }
    }

    /// A sentence that stays.
    func note(_ text: String) {
        state.withLock { state in
            switch form {
            case .bar:
                write((state.isDrawn ? "\r\u{1B}[K" : "") + text + "\n")
                state.isDrawn = false
                state.shown = nil
            case .lines: write(text + "\n")
            case .json: write(Self.line("note") { $0.member("text", text) })
            }
        }
    }

    /// A line of the result, on standard output whatever the form: it stays, and the bar goes on below it.
    func tell(_ text: String) {
        state.withLock { state in
            if form == .bar, state.isDrawn { write("\r\u{1B}[K") }
            state.isDrawn = false
            state.shown = nil
            StandardOutput.write(text + "\n")
        }
    }

    /// A line of its own for programs; people do not see it.
    func event(_ name: String, _ members: (inout JSONWriter) -> Void) {
        guard form == .json else { return }
        let line = Self.line(name, members)
        state.withLock { _ in write(line) }
    }

    var elapsed: Duration { state.withLock { ContinuousClock.now - $0.started } }

    // MARK: Showing

    private func isDue(_ state: inout State) -> Bool {
        let now = ContinuousClock.now
        let interval: Duration =
            switch form {
            case .bar: .milliseconds(100)
            case .lines: .seconds(5)
            case .json: .seconds(1)
            }
        if let shown = state.shown {
            guard now - shown >= interval else { return false }
        } else if form != .bar, now - state.started < interval {
            // What ends soon needs no line of its own before its end.
            return false
        }
        state.shown = now
        return true
    }

    private func showIfDue(_ state: inout State) {
        guard isDue(&state) else { return }
        showNow(&state)
    }

    private func showNow(_ state: inout State) {
        let elapsed = ContinuousClock.now - state.started
        guard form == .json else {
            draw(Self.text(state, elapsed, barWidth: form == .bar ? 30 : 0), &state)
            return
        }
        write(
            Self.line("progress") { writer in
                writer.member("activity", state.activity)
                writer.member("unit", "\(state.unit)")
                writer.member("done", state.done)
                if let total = state.total { writer.member("total", total) }
                writer.member("per_second", Self.rate(state, elapsed))
            })
    }

    private func draw(_ text: String, _ state: inout State) {
        switch form {
        case .bar:
            write("\r\u{1B}[K" + text)
            state.isDrawn = true
        case .lines: write(text + "\n")
        case .json: write(Self.line("progress") { $0.member("text", text) })
        }
    }

    private func finish(_ state: inout State) {
        defer {
            state.activity = ""
            state.total = nil
            state.shown = nil
            state.isDrawn = false
        }
        guard !state.activity.isEmpty || state.total != nil else {
            if form == .bar, state.isDrawn { write("\n") }
            return
        }
        showNow(&state)
        if form == .bar { write("\n") }
    }

    private static func line(_ event: String, _ members: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("event", event)
        members(&writer)
        writer.endObject()
        return writer.text + "\n"
    }

    private static func rate(_ state: State, _ elapsed: Duration) -> Int {
        let seconds = elapsed.inSeconds
        return seconds > 0 ? Int(Double(state.done - state.before) / seconds) : 0
    }

    private static func text(_ state: State, _ elapsed: Duration, barWidth: Int) -> String {
        let head = state.activity.isEmpty ? "" : state.activity + ": "
        return head
            + text(
                done: state.done, total: state.total, before: state.before, unit: state.unit, elapsed: elapsed,
                barWidth: barWidth)
    }

    /// `[███···] 25 % 50/200 points, 10/s, 0:15 left`
    static func text(
        done: Int, total: Int?, before: Int, unit: Unit, elapsed: Duration, barWidth: Int
    ) -> String {
        let seconds = elapsed.inSeconds
        let rate = seconds > 0 ? Double(done - before) / seconds : 0
        let speed = ", " + unit.amount(Int(rate)) + "/s"
        guard let total else { return unit.named(unit.amount(done)) + speed }
        let share = total == 0 ? 1 : min(1, Double(done) / Double(total))
        var text = ""
        if barWidth > 0 {
            let filled = Int(share * Double(barWidth))
            text +=
                "[" + String(repeating: "█", count: filled) + String(repeating: "·", count: barWidth - filled) + "] "
        }
        text += "\(Int(share * 100)) % " + unit.named("\(unit.amount(done))/\(unit.amount(total))") + speed
        if done < total, rate > 0 { text += ", " + clock(Double(total - done) / rate) + " left" }
        return text
    }

    private static func clock(_ seconds: Double) -> String {
        let whole = Int(min(seconds, 1e9).rounded(.up))
        let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return hours > 0 ? "\(hours):\(two(minutes)):\(two(rest))" : "\(minutes):\(two(rest))"
    }
}

extension Progress.Unit {
    fileprivate func amount(_ count: Int) -> String {
        self == .bytes ? ByteCount.text(count) : String(count)
    }

    fileprivate func named(_ amount: String) -> String {
        switch self {
        case .points: amount + " points"
        case .files: amount + " files"
        case .bytes, .steps: amount
        }
    }
}

extension Duration {
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}

/// Amounts of bytes for people.
enum ByteCount {
    /// `512 B`, `1.5 KiB`, `20 MiB`: one digit behind the point below 10.
    static func text(_ count: Int) -> String {
        guard count >= 1024 else { return "\(count) B" }
        var value = Double(count)
        var unit = 0
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        while value >= 1024, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        guard value < 10 else { return "\(Int(value)) \(units[unit])" }
        let tenths = Int(value * 10)
        return "\(tenths / 10).\(tenths % 10) \(units[unit])"
    }
}

extension JSONWriter {
    mutating func member(_ name: StaticString, _ value: String) {
        key(name)
        self.value(value)
    }

    mutating func member(_ name: StaticString, _ value: Int) {
        key(name)
        self.value(value)
    }

    mutating func member(_ name: StaticString, _ value: Bool) {
        key(name)
        self.value(value)
    }
}
