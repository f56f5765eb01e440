import Testing

@testable import QuiverServer

struct ByteRangeTests {
    @Test(arguments: [
        (nil, ByteRange.whole), ("bytes=0-0", .part(0..<1)), ("bytes=2-5", .part(2..<6)), ("bytes=2-", .part(2..<10)),
        ("bytes=-3", .part(7..<10)), ("bytes=-30", .part(0..<10)), ("bytes=9-100", .part(9..<10)),
        ("BYTES = 1 - 2 ", .whole), ("Bytes=1-2", .part(1..<3)), ("bytes= 1-2 ", .part(1..<3)),
        ("bytes=10-", .unsatisfiable), ("bytes=5-4", .unsatisfiable), ("bytes=-0", .unsatisfiable),
        ("bytes=", .unsatisfiable), ("bytes=a-b", .unsatisfiable), ("bytes=1", .unsatisfiable),
        ("bytes=+1-2", .unsatisfiable), ("bytes=0-99999999999999999999999", .part(0..<10)),
        ("bytes=99999999999999999999999-", .unsatisfiable), ("bytes=0-1,3-4", .whole), ("rows=1-2", .whole),
        ("nothing", .whole),
    ] as [(String?, ByteRange)])
    func reads(field: String?, range: ByteRange) {
        #expect(ByteRange(field, byteCount: 10) == range)
    }

    @Test func nothingCanBeAskedOfNothing() {
        for field in ["bytes=0-", "bytes=-1", "bytes=0-0"] { #expect(ByteRange(field, byteCount: 0) == .unsatisfiable) }
        #expect(ByteRange(nil, byteCount: 0) == .whole)
    }

    @Test func datesGoBothWays() {
        for seconds in [0, 784_111_777, 951_782_400, 1_795_283_675, 4_102_444_799] {
            #expect(HTTPDate.seconds(HTTPDate.text(seconds)) == seconds)
        }
        for text in ["", "Sun, 06 Nov 1994 08:49:37 UTC", "Sunday, 06-Nov-94 08:49:37 GMT", "Mon, 06 Nov 1994 08:49:37 GMT"] {
            #expect(HTTPDate.seconds(text) == nil)
        }
    }

    @Test func fileNames() {
        #expect(ContentDisposition.attachment("a.snapshot") == "attachment; filename=\"a.snapshot\"")
        #expect(ContentDisposition.attachment("a\"\\\r.x") == "attachment; filename=\"a\\\"\\\\_.x\"")
        #expect(ContentDisposition.attachment("ü") == "attachment; filename=\"ü\"; filename*=UTF-8''%C3%BC")
    }
}
