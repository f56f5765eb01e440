import COpenSSL
import Quiver
import QuiverArchive

/// SHA-256, HMAC and HKDF by libcrypto.
package enum Digest {
    package static let byteCount = 32

    package static func sha256(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: byteCount)
        var count: UInt32 = 0
        let code = EVP_Digest(bytes.baseAddress, bytes.count, &digest, &count, EVP_sha256(), nil)
        precondition(code == 1 && count == UInt32(byteCount), "libcrypto has no memory left")
        return digest
    }

    package static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBytes { sha256($0) }
    }

    package static func sha256(_ text: String) -> [UInt8] { sha256(Array(text.utf8)) }

    /// Where a protocol wants it; it protects nothing.
    static func md5(_ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 16)
        var count: UInt32 = 0
        return EVP_Digest(bytes, bytes.count, &digest, &count, EVP_md5(), nil) == 1 ? digest : []
    }

    package static func hmac(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        guard let code = MessageAuthentication.hmacSHA256(key: key, message) else {
            preconditionFailure("libcrypto has no memory left")
        }
        return code
    }

    package static func hmac(key: [UInt8], _ text: String) -> [UInt8] { hmac(key: key, Array(text.utf8)) }

    /// One block of HKDF with SHA-256 (RFC 5869): 32 bytes for one use of a secret.
    package static func derivedKey(secret: [UInt8], salt: [UInt8], use: String) -> [UInt8] {
        hmac(key: hmac(key: salt, secret), Array(use.utf8) + [1])
    }

    package static func hex(_ bytes: some Sequence<UInt8>) -> String { Hexadecimal.text(bytes) }

    /// Nil unless the text is hexadecimal digits in pairs.
    package static func bytes(hex text: some StringProtocol) -> [UInt8]? { Hexadecimal.bytes(String(text)) }
}
