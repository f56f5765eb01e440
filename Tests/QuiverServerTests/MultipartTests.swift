import NIOCore
import QuiverTestKit
import Testing

@testable import QuiverServer

/// The reader of forms, against every way in which a body can come in pieces.
struct MultipartTests {
    struct Field: Equatable {
        var name: String
        var fileName: String?
        var content: [UInt8]
    }

    private static func read(_ pieces: [[UInt8]], boundary: String = "xYz") throws(MultipartError) -> [Field] {
        var left = pieces[...]
        var reader = MultipartReader(boundary: boundary) { () throws(BodySource.Failure) in
            left.popFirst().map { ByteBuffer(bytes: $0) }
        }
        var fields: [Field] = []
        while let part = try reader.nextPart() {
            var field = Field(name: part.name, fileName: part.fileName, content: [])
            while let bytes = try reader.nextBytes() {
                #expect(bytes.readableBytes > 0)
                field.content += Array(buffer: bytes)
            }
            fields.append(field)
        }
        #expect(left.isEmpty, "the body was not read to its end")
        return fields
    }

    private static func outcome(_ pieces: [[UInt8]], boundary: String = "xYz") -> Result<[Field], MultipartError> {
        Result { () throws(MultipartError) in try read(pieces, boundary: boundary) }
    }

    private static let body: [UInt8] = Array(
        ("a preamble\r\n--xYz\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\n\r\n--xY\r\n-\r\n--xYz \t\r\n"
            + "content-disposition:form-data;name=snapshot ; filename=\"a \\\"b\\\".snapshot\"\r\n"
            + "Content-Type: application/octet-stream\r\n\r\n\r\r\n\r\n--xY\r\n--xY\0\r\n--\r\n--xYz\r\n"
            + "Content-Disposition: form-data; name=\"empty\"; x=\"1;2\"\r\n\r\n\r\n--xYz--\r\nepilogue\r\n--xYz\r\n").utf8)

    private static let fields = [
        Field(name: "other", fileName: nil, content: Array("\r\n--xY\r\n-".utf8)),
        Field(
            name: "snapshot", fileName: "a \"b\".snapshot", content: Array("\r\r\n\r\n--xY\r\n--xY\0\r\n--".utf8)),
        Field(name: "empty", fileName: nil, content: []),
    ]

    @Test func whole() throws {
        #expect(try Self.read([Self.body]) == Self.fields)
    }

    @Test func everySplitInTwo() throws {
        for cut in 0...Self.body.count {
            let pieces = [Array(Self.body[..<cut]), Array(Self.body[cut...])]
            #expect(try Self.read(pieces) == Self.fields, "cut at \(cut)")
        }
    }

    @Test func everySplitInThree() throws {
        for first in 0...Self.body.count {
            for second in stride(from: first, through: Self.body.count, by: 3) {
                let pieces = [Self.body[..<first], Self.body[first..<second], Self.body[second...]].map { Array($0) }
                guard case .success(Self.fields) = Self.outcome(pieces) else {
                    Issue.record("cut at \(first) and \(second)")
                    return
                }
            }
        }
    }

    @Test(arguments: 1...9) func equalPieces(size: Int) throws {
        let pieces = stride(from: 0, to: Self.body.count, by: size).map {
            Array(Self.body[$0..<min($0 + size, Self.body.count)])
        }
        #expect(try Self.read(pieces) == Self.fields)
    }

    /// Contents made of what delimiters are made of, in random pieces.
    @Test(arguments: 0..<40) func randomContents(round: Int) throws {
        var random = SeededGenerator(seed: UInt64(round))
        let alphabet = Array("\r\n-xYz\r\n--xY".utf8)
        let delimiter = Array("\r\n--xYz".utf8)
        var fields: [Field] = []
        var body: [UInt8] = []
        for number in 0..<Int.random(in: 0...4, using: &random) {
            var content: [UInt8] = []
            for _ in 0..<Int.random(in: 0...60, using: &random) {
                content.append(alphabet[Int.random(in: 0..<alphabet.count, using: &random)])
            }
            // What holds a delimiter cannot be sent under this boundary, nor what makes one with its surroundings.
            let shown = [0x0D, 0x0A] + content
            if (0..<shown.count).contains(where: { shown[$0...].starts(with: delimiter) }) { continue }
            fields.append(Field(name: "\(number)", fileName: nil, content: content))
            body += Array("--xYz\r\nContent-Disposition: form-data; name=\"\(number)\"\r\n\r\n".utf8) + content + [0x0D, 0x0A]
        }
        body += Array("--xYz--".utf8)
        var pieces: [[UInt8]] = []
        var rest = body[...]
        while !rest.isEmpty {
            let count = Int.random(in: 1...min(rest.count, 11), using: &random)
            pieces.append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        #expect(Self.outcome(pieces) == .success(fields), "seed \(round)")
    }

    /// A body that ends early is never taken for a whole one, wherever it ends.
    @Test func everyTruncationIsIncomplete() {
        let end = Self.body.count - Array("\r\nepilogue\r\n--xYz\r\n".utf8).count
        for count in 0..<end {
            guard case .failure(.incomplete) = Self.outcome([Array(Self.body[..<count])]) else {
                Issue.record("\(count) of \(end) bytes")
                continue
            }
        }
        for count in end...Self.body.count {
            #expect(Self.outcome([Array(Self.body[..<count])]) == .success(Self.fields))
        }
    }

    @Test(arguments: [
        ("--xYz!\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n--xYz--", MultipartError.malformedBoundary),
        ("--xYz\r\n\r\na\r\n--xYz--", .noContentDisposition),
        ("--xYz\r\nContent-Type: text/plain\r\n\r\na\r\n--xYz--", .noContentDisposition),
        ("--xYz\r\nContent-Disposition: attachment; name=a\r\n\r\na\r\n--xYz--", .noContentDisposition),
        ("--xYz\r\nContent-Disposition: form-data\r\n\r\na\r\n--xYz--", .noName),
        ("--xYz\r\nno colon\r\n\r\na\r\n--xYz--", .malformedHead),
        ("--xYz\r\nContent Disposition: form-data; name=a\r\n\r\na\r\n--xYz--", .malformedHead),
        ("--other\r\nContent-Disposition: form-data; name=a\r\n\r\na\r\n--other--", .incomplete),
        ("", .incomplete),
    ])
    func whatIsNoForm(body: String, error: MultipartError) {
        #expect(Self.outcome([Array(body.utf8)]) == .failure(error))
        #expect(Self.outcome(body.utf8.map { [$0] }) == .failure(error))
    }

    @Test func endlessHeadsAndBlanksAreGivenUp() {
        var sent = 0
        var reader = MultipartReader(boundary: "b") { () throws(BodySource.Failure) in
            sent += 1
            return sent == 1 ? ByteBuffer(string: "--b\r\n") : ByteBuffer(string: "X: " + String(repeating: "y", count: 1000) + "\r\n")
        }
        #expect(throws: MultipartError.headTooLarge) { _ = try reader.nextPart() }
        #expect(sent < 50)

        var blanks = MultipartReader(boundary: "b") { () throws(BodySource.Failure) in
            sent += 1
            return ByteBuffer(string: sent < 60 ? "--b" : String(repeating: " ", count: 500))
        }
        sent = 58
        #expect(throws: MultipartError.malformedBoundary) { _ = try blanks.nextPart() }
        #expect(sent < 100)
    }

    @Test(arguments: [
        ("multipart/form-data; boundary=abc", "abc"), ("Multipart/Form-Data;charset=x; BOUNDARY=\"a b\"", "a b"),
        ("multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW", "----WebKitFormBoundary7MA4YWxkTrZu0gW"),
    ])
    func boundaries(field: String, boundary: String) throws {
        #expect(try MultipartBoundary.read(field) == boundary)
    }

    @Test(arguments: [
        (nil, MultipartError.noContentType), ("application/json", .notMultipart), ("multipart/form-data", .noBoundary),
        ("multipart/form-data; boundary=", .noBoundary), ("multipart/form-data; boundary=\"a", .malformedContentType),
        ("multipart/form-data; boundary=" + String(repeating: "x", count: 71), .noBoundary), ("", .malformedContentType),
    ] as [(String?, MultipartError)])
    func noBoundaries(field: String?, error: MultipartError) {
        #expect(throws: error) { _ = try MultipartBoundary.read(field) }
    }
}
