import Logging
import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Log lines on standard output, one event a line: readable text, or JSON for machines.
struct LineLogHandler: LogHandler {
    /// Of this logger alone; nil: as `LogThreshold` says at the moment.
    private var ownLevel: Logger.Level?
    var metadata: Logger.Metadata = [:]
    private let label: String
    private let format: Settings.LogFormat

    init(label: String, level: Logger.Level?, format: Settings.LogFormat) {
        self.label = label
        ownLevel = level
        self.format = format
    }

    var logLevel: Logger.Level {
        get { ownLevel ?? LogThreshold.level }
        set { ownLevel = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, own in own }
        let pairs = all.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") }
        var line = ""
        switch format {
        case .text:
            line =
                "\(UTC.now) \(event.level.rawValue.uppercased()) \(label): \(Self.oneLine("\(event.message)"))"
            for (key, value) in pairs { line += " \(key)=\(Self.oneLine(value))" }
        case .json:
            line = #"{"time":"\#(UTC.now)","level":"\#(event.level.rawValue)","label":\#(Self.quoted(label))"#
            line += #","message":\#(Self.quoted("\(event.message)"))"#
            for (key, value) in pairs { line += ",\(Self.quoted(key)):\(Self.quoted(value))" }
            line += "}"
        }
        line += "\n"
        Self.write(line)
    }

    /// Lines of several threads must not mix, and a line may need several writes.
    private static let output = Mutex(())

    private static func write(_ line: String) {
        var line = line
        line.withUTF8 { bytes in
            output.withLock { _ in
                var written = 0
                while written < bytes.count {
                    let count = writeBytes(STDOUT_FILENO, bytes.baseAddress.map { $0 + written }, bytes.count - written)
                    if count < 0, errno == EINTR { continue }
                    guard count > 0 else { return }
                    written += count
                }
            }
        }
    }

    private static let writeBytes: @Sendable (Int32, UnsafePointer<UInt8>?, Int) -> Int = {
        #if canImport(Glibc)
        Glibc.write($0, $1, $2)
        #else
        Darwin.write($0, $1, $2)
        #endif
    }

    /// A message must not be able to begin a line of its own.
    private static func oneLine(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else { return text }
        return text.unicodeScalars.reduce(into: "") { result, scalar in
            if scalar.value < 0x20 || scalar.value == 0x7F {
                result += scalar.escaped(asASCII: true)
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

/// The least level that is written, for all loggers that have none of their own. It may be changed at any time.
enum LogThreshold {
    private static let index = Atomic(Logger.Level.allCases.firstIndex(of: .info) ?? 0)

    static var level: Logger.Level {
        get { Logger.Level.allCases[index.load(ordering: .relaxed)] }
        set { index.store(Logger.Level.allCases.firstIndex(of: newValue) ?? 0, ordering: .relaxed) }
    }

    /// The level in force, after it was changed to `name` where that is one; false where it is not.
    static func change(_ name: String?) -> (level: String, isKnown: Bool) {
        guard let name else { return (level.rawValue, true) }
        guard let new = name == "warn" ? .warning : Logger.Level(rawValue: name) else { return (level.rawValue, false) }
        level = new
        return (new.rawValue, true)
    }
}
