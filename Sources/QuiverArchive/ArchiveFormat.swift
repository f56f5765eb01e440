/// A stream of files as `tar` writes it (POSIX.1-1988 `ustar`), of which every byte follows from its content.
///
/// A file is a block of 512 bytes, its header, then its bytes, then zeros up to the next multiple of 512. There are
/// regular files only, all with mode 644, owner and group 0 and one time of change. At the end come the file
/// `checksums` and two blocks of zeros, and nothing after them.
///
/// A long stream is cut into *parts* of at most 4 MiB: files `<stem>/00000000`, `<stem>/00000001`, …, each with `.zst`
/// behind it where its content is one frame of Zstandard, which it is when that saves a sixteenth or more.
///
/// `checksums` is one line: `sha256`, a space, the SHA-256 of all bytes before the header of `checksums` in hexadecimal
/// digits, a space, the number of those bytes, a line feed. A reader compares headers, padding and end with what the
/// writer would write; with the digest it finds any change of a single byte.
package enum ArchiveFormat {
    static let blockBytes = 512
    /// Of a part, before it is compressed.
    package static let partBytes = 4 << 20
    /// Of a file that is no part.
    package static let fileBytes = 16 << 20
    static let checksumsName = "checksums"
    static let partDigits = 8
    static let compressedSuffix = ".zst"
    /// Of what `checksums` may hold: name, digest, twenty digits, blanks.
    static let checksumsBytes = 6 + 1 + 64 + 1 + 20 + 1

    static func partName(_ stem: String, _ index: Int, isCompressed: Bool) -> String {
        let digits = String(index)
        let zeros = String(repeating: "0", count: max(0, partDigits - digits.utf8.count))
        return stem + "/" + zeros + digits + (isCompressed ? compressedSuffix : "")
    }

    /// Whether a name can be in an archive: words of small letters, digits, `-`, `_` and `.`, none of them of dots
    /// alone, with `/` between them.
    static func accepts(_ name: String) -> Bool {
        guard name.utf8.count <= TarHeader.nameBytes, !name.isEmpty else { return false }
        for word in name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            let isPlain = word.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
                    UInt8(ascii: "_"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
            if !isPlain || word.allSatisfy({ $0 == UInt8(ascii: ".") }) { return false }
        }
        return true
    }

    static func padding(_ byteCount: Int) -> Int { (blockBytes - byteCount % blockBytes) % blockBytes }

    static func checksums(_ digest: [UInt8], byteCount: UInt64) -> [UInt8] {
        Array("sha256 \(Hexadecimal.text(digest)) \(byteCount)\n".utf8)
    }
}

/// The header of a regular file.
///
/// | offset | bytes | field | content |
/// |---|---|---|---|
/// | 0 | 100 | name | then zeros |
/// | 100 | 8 | mode | `0000644`, 0 |
/// | 108 | 8 | owner | `0000000`, 0 |
/// | 116 | 8 | group | `0000000`, 0 |
/// | 124 | 12 | bytes | 11 octal digits, 0 |
/// | 136 | 12 | time of change | 11 octal digits of seconds since 1970, 0 |
/// | 148 | 8 | sum | 6 octal digits, 0, blank: the sum of all bytes of the header, with blanks here |
/// | 156 | 1 | type | `0` |
/// | 157 | 100 | target of a link | zeros |
/// | 257 | 8 | magic | `ustar`, 0, `00` |
/// | 265 | 64 | names of owner and group | zeros |
/// | 329 | 16 | device | `0000000`, 0, `0000000`, 0 |
/// | 345 | 167 | prefix of the name, rest | zeros |
struct TarHeader: Equatable {
    static let nameBytes = 100
    /// Eleven octal digits.
    static let mostSeconds: UInt64 = 1 << 33 - 1

    var name: String
    var byteCount: Int
    var seconds: UInt64

    func encoded() -> [UInt8] {
        var block = [UInt8](repeating: 0, count: ArchiveFormat.blockBytes)
        func put(_ bytes: some Sequence<UInt8>, at offset: Int) {
            for (index, byte) in bytes.enumerated() { block[offset + index] = byte }
        }
        func octal(_ number: UInt64, digits: Int) -> [UInt8] {
            var number = number
            var text = [UInt8](repeating: UInt8(ascii: "0"), count: digits)
            for place in text.indices.reversed() {
                text[place] += UInt8(number & 7)
                number >>= 3
            }
            return text
        }
        put(name.utf8.prefix(TarHeader.nameBytes), at: 0)
        put("0000644".utf8, at: 100)
        put("0000000".utf8, at: 108)
        put("0000000".utf8, at: 116)
        put(octal(UInt64(byteCount), digits: 11), at: 124)
        put(octal(seconds, digits: 11), at: 136)
        put("        0".utf8, at: 148)
        put("ustar\0".utf8, at: 257)
        put("00".utf8, at: 263)
        put("0000000".utf8, at: 329)
        put("0000000".utf8, at: 337)
        put(octal(TarHeader.sum(block), digits: 6), at: 148)
        block[154] = 0
        return block
    }

    private static func sum(_ block: [UInt8]) -> UInt64 { block.reduce(0) { $0 + UInt64($1) } }

    init(name: String, byteCount: Int, seconds: UInt64) {
        self.name = name
        self.byteCount = byteCount
        self.seconds = seconds
    }

    /// Reads a header and refuses what `encoded` does not write.
    init(_ block: [UInt8]) throws(ArchiveError) {
        guard block[257..<265].elementsEqual("ustar\u{0}00".utf8) else {
            throw .damaged("there is no header of a file where one has to be")
        }
        let shown = String(decoding: block[..<TarHeader.nameBytes].prefix { $0 != 0 }, as: UTF8.self)
        guard block[156] == UInt8(ascii: "0") else { throw .entryRefused(name: shown, type: block[156]) }
        guard ArchiveFormat.accepts(shown) else { throw .nameRefused(shown) }
        guard let byteCount = TarHeader.octal(block[124..<136]), let seconds = TarHeader.octal(block[136..<148]) else {
            throw .damaged("the header of \(shown)")
        }
        guard byteCount <= UInt64(max(ArchiveFormat.partBytes, ArchiveFormat.fileBytes)) else {
            throw .tooLarge(name: shown, bytes: byteCount)
        }
        name = shown
        self.byteCount = Int(byteCount)
        self.seconds = seconds
        guard encoded() == block else { throw .damaged("the header of \(shown)") }
    }

    private static func octal(_ field: ArraySlice<UInt8>) -> UInt64? {
        var number: UInt64 = 0
        for byte in field.dropLast() {
            guard (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(byte) else { return nil }
            number = number << 3 | UInt64(byte & 7)
        }
        return number
    }
}
