import QuiverJSON
import QuiverModel

/// Payloads, one JSON object a line, read from front to back.
///
/// The last line may lack its line feed; blank lines at the end are not rows.
struct JSONLinesFile {
    private static let chunkByteCount = 1 << 20
    /// A line longer than a request could carry is a mistake.
    private static let longestLineByteCount = 32 << 20

    let path: String
    private let file: InputFile
    private let parser = JSONParser()
    private var offset = 0
    private var buffer: [UInt8] = []
    private var position = 0
    /// Of the line that was read last, counted from 1.
    private(set) var lineNumber = 0

    init(_ path: String) throws(CommandFailure) {
        self.path = path
        file = try InputFile(path)
    }

    /// The number of rows, by one pass over the file.
    static func countRows(_ path: String) throws(CommandFailure) -> Int {
        var lines = try JSONLinesFile(path)
        var rows = 0
        var blank = 0
        while let line = try lines.nextLine() {
            if isBlank(line) {
                blank += 1
            } else {
                guard blank == 0 else {
                    throw CommandFailure(
                        code: .dataError, message: "\(path): line \(lines.lineNumber - blank) is empty")
                }
                rows += 1
            }
        }
        return rows
    }

    /// Passes over rows without looking at them.
    mutating func skip(_ rows: Int) throws(CommandFailure) {
        for _ in 0..<rows {
            guard try nextLine() != nil else { return }
        }
    }

    /// The next payload, minified; nil at the end.
    /// - Throws: `CommandFailure` with 65 that names the line.
    mutating func next() throws(CommandFailure) -> Payload? {
        guard let line = try nextLine() else { return nil }
        if Self.isBlank(line) {
            while let more = try nextLine() {
                guard Self.isBlank(more) else {
                    throw CommandFailure(code: .dataError, message: "\(path): an empty line before line \(lineNumber)")
                }
            }
            return nil
        }
        let number = lineNumber
        let path = path
        return try parser.withParsed(
            bytes: Array(line),
            mapError: { error in
                CommandFailure(
                    code: .dataError, message: "\(path): bad JSON at line \(number), column \(error.column): \(Self.reason(error))")
            }
        ) { root throws(CommandFailure) in
            guard root.isObject else {
                throw CommandFailure(code: .dataError, message: "\(path): line \(number) is not a JSON object")
            }
            var writer = JSONWriter(reservingByteCount: line.count)
            writer.value(minified: root)
            return Payload(validated: writer.bytes)
        }
    }

    /// Without the place, which the error counts from the beginning of its line.
    private static func reason(_ error: JSONError) -> String {
        let text = error.description
        return text.firstRange(of: " at line ").map { String(text[..<$0.lowerBound]) } ?? text
    }

    private static func isBlank(_ line: ArraySlice<UInt8>) -> Bool {
        line.allSatisfy { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: "\r") }
    }

    /// Without its line feed; nil at the end of the file.
    private mutating func nextLine() throws(CommandFailure) -> ArraySlice<UInt8>? {
        var searched = position
        while true {
            if let feed = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { position = feed + 1 }
                lineNumber += 1
                return buffer[position..<feed]
            }
            let kept = buffer.count - position
            guard kept <= Self.longestLineByteCount else {
                throw CommandFailure(code: .dataError, message: "\(path): line \(lineNumber + 1) is longer than 32 MiB")
            }
            let chunk = try file.read(at: offset, count: Self.chunkByteCount)
            if chunk.isEmpty {
                guard kept > 0 else { return nil }
                defer { position = buffer.count }
                lineNumber += 1
                return buffer[position...]
            }
            offset += chunk.count
            buffer.removeFirst(position)
            position = 0
            searched = kept
            buffer += chunk
        }
    }
}
