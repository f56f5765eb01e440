import COpenSSL

/// SHA-256 by libcrypto, which uses the processor's instructions for it (over 1 GB/s).
enum Checksum {
    static let bytes = 32

    /// Nil when libcrypto refuses, which it does only without memory.
    static func sha256(_ data: UnsafeRawBufferPointer) -> [UInt8]? {
        var digest = [UInt8](repeating: 0, count: bytes)
        var count: UInt32 = 0
        let code = unsafe EVP_Digest(data.baseAddress, data.count, &digest, &count, EVP_sha256(), nil)
        return code == 1 && count == UInt32(bytes) ? digest : nil
    }
}
