/// Full lower case by Unicode's data, whatever the language.
enum Lowercasing {
    /// The UTF-8 of a text in lower case.
    static func lowercased(_ text: String) -> [UInt8] {
        var text = text, buffer = ByteBuffer()
        text.withUTF8 { unsafe append($0, to: &buffer) }
        return unsafe Array(buffer.content)
    }

    static func append(_ source: UnsafeBufferPointer<UInt8>, to target: inout ByteBuffer) {
        guard let start = source.baseAddress else { return }
        target.reserve(target.count + source.count)
        var index = 0
        while index < source.count {
            let (value, byteCount) = unsafe UTF8Text.scalar(at: start + index)
            if value < UInt32(simple.count), simple[Int(value)] != 0 {
                target.append(scalarValue: UInt32(simple[Int(value)]))
            } else if value == capitalSigma {
                target.append(scalarValue: unsafe isFinalSigma(at: index, of: source) ? finalSigma : smallSigma)
            } else if let scalar = Unicode.Scalar(value) {
                for scalar in scalar.properties.lowercaseMapping.unicodeScalars { target.append(scalar) }
            }
            index += byteCount
        }
    }

    private static let capitalSigma: UInt32 = 0x3A3
    private static let smallSigma: UInt32 = 0x3C3
    private static let finalSigma: UInt32 = 0x3C2

    /// The lower case of scalars below U+2000 that have one of one scalar below U+10000; 0 for the others. Most letters
    /// of alphabets with cases are here.
    private static let simple: [UInt16] = (0..<UInt32(0x2000)).map { value in
        guard value != capitalSigma, let mapping = Unicode.Scalar(value)?.properties.lowercaseMapping.unicodeScalars,
            mapping.count == 1, let only = mapping.first
        else { return 0 }
        return UInt16(exactly: only.value) ?? 0
    }

    /// Unicode's condition `Final_Sigma` within `text`: a cased letter before it, none behind it, with case-ignorable
    /// scalars skipped on both sides.
    private static func isFinalSigma(at index: Int, of text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let start = text.baseAddress else { return false }
        var before = index, isPreceded = false
        while before > 0 {
            let (value, byteCount) = unsafe UTF8Text.scalar(before: start + before, from: start)
            before -= byteCount
            guard let properties = Unicode.Scalar(value)?.properties else { break }
            if properties.isCaseIgnorable { continue }
            isPreceded = properties.isCased
            break
        }
        guard isPreceded else { return false }
        var behind = index + 2
        while behind < text.count {
            let (value, byteCount) = unsafe UTF8Text.scalar(at: start + behind)
            behind += byteCount
            guard let properties = Unicode.Scalar(value)?.properties else { break }
            if properties.isCaseIgnorable { continue }
            return !properties.isCased
        }
        return true
    }
}
