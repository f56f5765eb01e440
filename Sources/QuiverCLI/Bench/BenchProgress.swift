/// One line on standard error about what goes on: drawn again on a terminal, now and then a new one otherwise.
struct BenchProgress {
    private let isTerminal: Bool
    private let write: (String) -> Void
    private var shown: UInt64 = 0
    private var isDrawn = false

    init(
        isTerminal: Bool = StandardError.isTerminal, write: @escaping (String) -> Void = StandardError.write
    ) {
        self.isTerminal = isTerminal
        self.write = write
    }

    /// The text is only made when it is shown.
    mutating func show(_ text: @autoclosure () -> String) {
        let now = Clock.now
        guard now - shown >= (isTerminal ? 100_000_000 : 5_000_000_000) else { return }
        shown = now
        isDrawn = true
        write(isTerminal ? "\r\u{1B}[K" + text() : text() + "\n")
    }

    /// Makes room for other output.
    mutating func clear() {
        if isTerminal, isDrawn { write("\r\u{1B}[K") }
        isDrawn = false
        shown = 0
    }
}
