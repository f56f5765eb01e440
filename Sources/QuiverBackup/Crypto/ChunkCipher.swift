import COpenSSL

/// AES-256-GCM over chunks: a long text is cut into chunks of 64 KiB, each sealed on its own.
///
/// The nonce of a chunk is `u8` 1 for the last chunk and 0 for the others, three zeros, and the `u64` number of the
/// chunk, big-endian. A key serves for one text alone, so no nonce is ever used twice. With number and end in the nonce, chunks
/// can neither be moved nor left out; with `context` as associated data of each, not taken to another text.
enum ChunkCipher {
    static let keyBytes = 32
    static let tagBytes = 16
    static let chunkBytes = 64 << 10

    enum Failure: Error {
        /// The key is another one, or a byte was changed, left out or moved.
        case notAuthentic
        case noMemory
    }

    static func sealedByteCount(_ plain: Int) -> Int {
        plain + max(1, (plain + chunkBytes - 1) / chunkBytes) * tagBytes
    }

    /// Nil for a length that no text has.
    static func plainByteCount(_ sealed: Int) -> Int? {
        let chunks = (sealed + chunkBytes + tagBytes - 1) / (chunkBytes + tagBytes)
        let plain = sealed - chunks * tagBytes
        return chunks > 0 && plain >= 0 && sealedByteCount(plain) == sealed ? plain : nil
    }

    static func seal(
        _ plain: UnsafeRawBufferPointer, key: [UInt8], context: [UInt8], into sealed: inout [UInt8]
    ) throws(Failure) {
        precondition(key.count == keyBytes)
        guard let cipher = EVP_CIPHER_CTX_new() else { throw .noMemory }
        defer { EVP_CIPHER_CTX_free(cipher) }
        var isFine = EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), nil, key, nil) == 1
        var output = [UInt8](repeating: 0, count: chunkBytes + tagBytes)
        var place = 0
        var number: UInt64 = 0
        repeat {
            let count = min(chunkBytes, plain.count - place)
            let isLast = place + count == plain.count
            var written: Int32 = 0
            var rest: Int32 = 0
            isFine = isFine && EVP_EncryptInit_ex(cipher, nil, nil, nil, nonce(number, isLast: isLast)) == 1
            isFine = isFine && EVP_EncryptUpdate(cipher, nil, &written, context, Int32(context.count)) == 1
            output.withUnsafeMutableBytes { buffer in
                guard let base = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
                if count > 0 {
                    let source = plain.baseAddress?.advanced(by: place).assumingMemoryBound(to: UInt8.self)
                    isFine = isFine && EVP_EncryptUpdate(cipher, base, &written, source, Int32(count)) == 1
                } else {
                    written = 0
                }
                isFine = isFine && EVP_EncryptFinal_ex(cipher, base + Int(written), &rest) == 1
                isFine = isFine
                    && EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, Int32(tagBytes), base + count) == 1
            }
            guard isFine, Int(written) == count else { throw .noMemory }
            sealed.append(contentsOf: output[..<(count + tagBytes)])
            place += count
            number += 1
        } while place < plain.count
    }

    static func open(
        _ sealed: UnsafeRawBufferPointer, key: [UInt8], context: [UInt8]
    ) throws(Failure) -> [UInt8] {
        guard let byteCount = plainByteCount(sealed.count) else { throw .notAuthentic }
        guard let cipher = EVP_CIPHER_CTX_new() else { throw .noMemory }
        defer { EVP_CIPHER_CTX_free(cipher) }
        guard EVP_DecryptInit_ex(cipher, EVP_aes_256_gcm(), nil, key, nil) == 1 else { throw .noMemory }
        var plain = [UInt8](repeating: 0, count: byteCount)
        var isFine = true
        plain.withUnsafeMutableBytes { output in
            var (from, to, number) = (0, 0, UInt64(0))
            repeat {
                let count = min(chunkBytes, byteCount - to)
                let isLast = to + count == byteCount
                var tag = [UInt8](sealed[(from + count)..<(from + count + tagBytes)])
                var written: Int32 = 0
                var rest: Int32 = 0
                isFine = isFine && EVP_DecryptInit_ex(cipher, nil, nil, nil, nonce(number, isLast: isLast)) == 1
                isFine = isFine && EVP_DecryptUpdate(cipher, nil, &written, context, Int32(context.count)) == 1
                written = 0
                if count > 0, let base = output.baseAddress?.advanced(by: to).assumingMemoryBound(to: UInt8.self) {
                    let source = sealed.baseAddress?.advanced(by: from).assumingMemoryBound(to: UInt8.self)
                    isFine = isFine && EVP_DecryptUpdate(cipher, base, &written, source, Int32(count)) == 1
                }
                isFine = isFine && EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, Int32(tagBytes), &tag) == 1
                var last = [UInt8](repeating: 0, count: 16)
                isFine = isFine && EVP_DecryptFinal_ex(cipher, &last, &rest) == 1 && Int(written) == count
                from += count + tagBytes
                to += count
                number += 1
            } while isFine && to < byteCount
        }
        guard isFine else { throw .notAuthentic }
        return plain
    }

    private static func nonce(_ number: UInt64, isLast: Bool) -> [UInt8] {
        [isLast ? 1 : 0, 0, 0, 0] + withUnsafeBytes(of: number.bigEndian) { Array($0) }
    }
}

extension ChunkCipher {
    /// From the system's source of randomness.
    static func randomBytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }
}
