import QuiverArchive
import Testing

@Suite struct StreamDigestTests {
    /// The example of FIPS 180-4, given in two parts.
    @Test func knownDigest() {
        guard var digest = StreamDigest() else {
            Issue.record("libcrypto has no SHA-256")
            return
        }
        Array("a".utf8).withUnsafeBytes { digest.update($0) }
        let early = digest.value()
        Array("bc".utf8).withUnsafeBytes { digest.update($0) }
        let hexadecimal = digest.value().map { String(UInt16($0) + 256, radix: 16).suffix(2) }.joined()
        #expect(hexadecimal == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(early != digest.value())
    }
}
