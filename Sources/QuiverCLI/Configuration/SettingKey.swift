/// One configurable value: how it is named, what it may be, and what it changes.
struct SettingKey: Sendable {
    /// What a value may be. All values arrive as text: from YAML scalars, the environment or flags.
    enum Kind: Sendable {
        case text
        case boolean
        case integer(ClosedRange<Int>)
        case real(ClosedRange<Double>)
        case choice([String])
    }

    enum Effect: Sendable {
        case set(@Sendable (inout Settings, SettingValue) -> Void)
        /// Belongs to Qdrant's layout and concerns what is not there yet: only these values change nothing,
        /// any other is refused, because ignoring it would promise what is not kept. Absent is harmless.
        case refused(unless: [String])
        /// Belongs to Qdrant's layout and can be left alone without breaking a promise; the reason says why. With the
        /// value of Qdrant's own configuration file there is nothing to say about it.
        case idle(String, stock: String?)
        /// Asks for a part that Qdrant's own configuration file turns on and most callers do without: accepted with a
        /// warning, the text with the value behind it, except for these values.
        case unserved(String, unless: [String])
    }

    var path: String
    var kind: Kind
    /// As it would be written; nil: absent.
    var defaultText: String?
    var about: String
    var effect: Effect
    /// Never shown.
    var isSecret = false

    /// Reads the text as this key's kind. Nil: `expected` says what it should have been.
    func value(_ text: String) -> SettingValue? {
        switch kind {
        case .text: .text(text)
        case .boolean:
            switch text.lowercased() {
            case "true", "yes", "on", "1": .boolean(true)
            case "false", "no", "off", "0": .boolean(false)
            default: nil
            }
        case .integer(let range): Int(text).flatMap { range.contains($0) ? .integer($0) : nil }
        case .real(let range): Double(text).flatMap { range.contains($0) ? .real($0) : nil }
        case .choice(let names): names.first { $0.lowercased() == text.lowercased() }.map { .text($0) }
        }
    }

    /// Whether two texts mean the same: YAML spells booleans in several ways.
    func means(_ text: String, _ other: String) -> Bool {
        text == other || (value(text) != nil && value(text) == value(other))
    }

    /// A phrase for messages: what a value has to be.
    var expected: String {
        switch kind {
        case .text: "text"
        case .boolean: "true or false"
        case .integer(let range):
            range.upperBound == .max
                ? "a whole number of at least \(range.lowerBound)"
                : "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .real(let range): "a number from \(range.lowerBound) to \(range.upperBound)"
        case .choice(let names): "one of " + names.joined(separator: ", ")
        }
    }
}

enum SettingValue: Hashable, Sendable {
    case text(String)
    case boolean(Bool)
    case integer(Int)
    case real(Double)

    var text: String { if case .text(let value) = self { value } else { "" } }
    var boolean: Bool { if case .boolean(let value) = self { value } else { false } }
    var integer: Int { if case .integer(let value) = self { value } else { 0 } }
    var real: Double { if case .real(let value) = self { value } else { 0 } }
}
