/// Cutting a text into words.
enum Words {
    /// The classes of ASCII bytes; what is not ASCII is asked of `ScalarClasses`.
    private enum ByteClass {
        static let letter: UInt8 = 1
        static let uppercase: UInt8 = 2
        static let blank: UInt8 = 4
    }

    private static let classes: InlineArray<128, UInt8> = {
        var classes = InlineArray<128, UInt8>(repeating: 0)
        for byte in UInt8(0)..<128 {
            switch byte {
            case 0x30...0x39, 0x61...0x7A: classes[Int(byte)] = ByteClass.letter
            case 0x41...0x5A: classes[Int(byte)] = ByteClass.letter | ByteClass.uppercase
            case 0x09...0x0D, 0x20: classes[Int(byte)] = ByteClass.blank
            default: break
            }
        }
        return classes
    }()

    /// Calls `body` with everything that stands between characters that are neither letters nor digits.
    static func ofLetters(
        _ text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>, TokenWorker.Kind) -> Void
    ) {
        unsafe scan(text, isPart: { $0 & ByteClass.letter != 0 }, isScalarPart: ScalarClasses.isWordPart, body)
    }

    /// Calls `body` with everything that stands between white space.
    static func betweenBlanks(
        _ text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>, TokenWorker.Kind) -> Void
    ) {
        unsafe scan(
            text, isPart: { $0 & ByteClass.blank == 0 }, isScalarPart: { !ScalarClasses.isWhitespace($0) }, body)
    }

    @inline(__always)
    private static func scan(
        _ text: UnsafeBufferPointer<UInt8>, isPart: (UInt8) -> Bool, isScalarPart: (UInt32) -> Bool,
        _ body: (UnsafeBufferPointer<UInt8>, TokenWorker.Kind) -> Void
    ) {
        guard let start = text.baseAddress else { return }
        let classes = Self.classes
        let end = text.count
        var index = 0
        while index < end {
            // The gap.
            let first = unsafe start[index]
            if first < 0x80 {
                guard isPart(classes[Int(first)]) else {
                    index += 1
                    continue
                }
            } else {
                let (value, byteCount) = unsafe UTF8Text.scalar(at: start + index)
                guard isScalarPart(value) else {
                    index += byteCount
                    continue
                }
            }

            // The word.
            let begin = index
            var seen: UInt8 = 0, bytes: UInt8 = 0
            while index < end {
                let byte = unsafe start[index]
                if byte < 0x80 {
                    let known = classes[Int(byte)]
                    guard isPart(known) else { break }
                    seen |= known
                    index += 1
                } else {
                    let (value, byteCount) = unsafe UTF8Text.scalar(at: start + index)
                    guard isScalarPart(value) else { break }
                    bytes = 0x80
                    index += byteCount
                }
            }
            let isASCII = bytes == 0
            unsafe body(
                UnsafeBufferPointer(start: start + begin, count: index - begin),
                TokenWorker.Kind(isASCII: isASCII, mayHaveUppercase: !isASCII || seen & ByteClass.uppercase != 0))
        }
    }
}
