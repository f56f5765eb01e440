import QuiverArchive

/// The bytes of an object of a repository.
///
///     0    4   "QBO1"
///     4    1   1 if the content is one frame of Zstandard, else 0
///     5    1   1 if what follows the head is encrypted, else 0
///     6    2   0
///     8    8   u64: bytes of the content, little-endian
///     16  32   salt, if encrypted
///     …        the content, or its frame; if encrypted, as `ChunkCipher` seals it: the key is HKDF of the key of
///              contents and the salt; the context is the head, salt and all, and the object's name
enum ObjectEnvelope {
    static let magic = Array("QBO1".utf8)
    static let headBytes = 16
    static let saltBytes = 32
    /// Larger than any part: a record of the log may be as long as the largest request.
    static let mostBytes = 1 << 30

    struct Malformed: Error {}

    static func pack(_ content: UnsafeRawBufferPointer, name: String, key: [UInt8]?) throws -> [UInt8] {
        let frame = Frame.compress(content)
        var bytes = magic + [frame == nil ? 0 : 1, key == nil ? 0 : 1, 0, 0]
        withUnsafeBytes(of: UInt64(content.count).littleEndian) { bytes.append(contentsOf: $0) }
        guard let key else {
            if let frame { bytes += frame } else { bytes.append(contentsOf: content) }
            return bytes
        }
        let salt = ChunkCipher.randomBytes(saltBytes)
        bytes += salt
        let context = bytes + Array(name.utf8)
        let ownKey = Digest.derivedKey(secret: key, salt: salt, use: "object")
        if let frame {
            try frame.withUnsafeBytes { try ChunkCipher.seal($0, key: ownKey, context: context, into: &bytes) }
        } else {
            try ChunkCipher.seal(content, key: ownKey, context: context, into: &bytes)
        }
        return bytes
    }

    /// The content. What stands there is compared with nothing yet, unless it is encrypted.
    static func unpack(_ bytes: [UInt8], name: String, key: [UInt8]?) throws -> [UInt8] {
        guard bytes.count >= headBytes, bytes.starts(with: magic), bytes[4] <= 1, bytes[6] == 0, bytes[7] == 0,
            bytes[5] == (key == nil ? 0 : 1)
        else { throw Malformed() }
        let count = bytes.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self)) }
        guard count <= UInt64(mostBytes) else { throw Malformed() }
        let body: [UInt8]
        if let key {
            guard bytes.count >= headBytes + saltBytes else { throw Malformed() }
            let head = bytes[..<(headBytes + saltBytes)]
            let ownKey = Digest.derivedKey(secret: key, salt: Array(head.suffix(saltBytes)), use: "object")
            body = try bytes.withUnsafeBytes {
                try ChunkCipher.open(
                    UnsafeRawBufferPointer(rebasing: $0[head.endIndex...]), key: ownKey, context: head + Array(name.utf8))
            }
        } else {
            body = Array(bytes[headBytes...])
        }
        if bytes[4] == 0 {
            guard body.count == Int(count) else { throw Malformed() }
            return body
        }
        guard let content = body.withUnsafeBytes({ Frame.decompress($0, byteCount: Int(count)) }) else {
            throw Malformed()
        }
        return content
    }
}
