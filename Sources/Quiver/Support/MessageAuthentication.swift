import COpenSSL

/// HMAC with SHA-256 (RFC 2104), and the comparison of secrets.
package enum MessageAuthentication {
    /// Nil when libcrypto refuses, which it does only without memory.
    package static func hmacSHA256(key: [UInt8], _ message: [UInt8]) -> [UInt8]? {
        var code = [UInt8](repeating: 0, count: Checksum.bytes)
        var count = 0
        let result = unsafe EVP_Q_mac(
            nil, "HMAC", nil, "SHA256", nil, key, key.count, message, message.count, &code, code.count, &count)
        return unsafe result != nil && count == code.count ? code : nil
    }

    /// Takes as long however many of the bytes agree; only different lengths show.
    package static func areEqual(_ first: [UInt8], _ second: [UInt8]) -> Bool {
        unsafe first.count == second.count && CRYPTO_memcmp(first, second, first.count) == 0
    }
}
