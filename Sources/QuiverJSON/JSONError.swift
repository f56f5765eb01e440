import CSimdjson

/// Why a text is no JSON document that we take, and where.
package struct JSONError: Error, Equatable, Sendable {
    package enum Code: UInt32, Sendable {
        case outOfMemory = 1
        case tooLong
        case empty
        case recursionLimitExceeded
        case expectedValue
        case expectedKey
        case expectedColon
        case expectedCommaOrBracket
        case expectedCommaOrBrace
        case trailingComma
        case trailingCharacters
        case unexpectedEnd
        case unterminatedString
        case controlCharacter
        case invalidEscape
        case loneSurrogate
        case invalidNumber
        case numberOutOfRange
        case invalidUTF8
    }

    package let code: Code
    /// The faulty byte; the length of the text when it ends too early.
    package let byteOffset: Int
    /// Counted from 1.
    package let line: Int
    /// In bytes, counted from 1.
    package let column: Int

    init(_ result: qjson_result, in text: UnsafeRawBufferPointer) {
        // Out of memory is as good as any other for a code that this enumeration does not know: it never is.
        code = Code(rawValue: result.code.rawValue) ?? .outOfMemory
        byteOffset = min(result.position, text.count)
        var line = 1
        var lineStart = 0
        for index in unsafe text[..<byteOffset].indices where unsafe text[index] == UInt8(ascii: "\n") {
            line += 1
            lineStart = index + 1
        }
        self.line = line
        column = byteOffset - lineStart + 1
    }
}

extension JSONError: CustomStringConvertible {
    /// For example `expected value at line 1 column 5`.
    package var description: String {
        let message = unsafe String(cString: qjson_message(qjson_code(rawValue: code.rawValue)))
        return "\(message) at line \(line) column \(column)"
    }
}
