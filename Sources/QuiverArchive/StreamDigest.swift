import COpenSSL

/// SHA-256 of bytes that come in parts, by libcrypto.
@safe
package struct StreamDigest: ~Copyable {
    package static let byteCount = 32

    private let context: OpaquePointer

    /// Nil without memory.
    package init?() {
        guard let context = unsafe EVP_MD_CTX_new() else { return nil }
        guard unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            unsafe EVP_MD_CTX_free(context)
            return nil
        }
        unsafe self.context = context
    }

    deinit { unsafe EVP_MD_CTX_free(context) }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        _ = unsafe EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    }

    /// The digest of all bytes so far; more may follow.
    package func value() -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: StreamDigest.byteCount)
        guard let copy = unsafe EVP_MD_CTX_new() else { return [] }
        defer { unsafe EVP_MD_CTX_free(copy) }
        var count: UInt32 = 0
        guard unsafe EVP_MD_CTX_copy_ex(copy, context) == 1,
            unsafe EVP_DigestFinal_ex(copy, &digest, &count) == 1
        else { return [] }
        return digest
    }
}
