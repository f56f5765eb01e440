import CChecksum

/// CRC-32C (RFC 3720) by the processor's instruction where it has one.
package enum CRC32C {
    package static let byteCount = 4

    /// Of `bytes` behind those that `before` is the checksum of.
    @inline(__always)
    package static func of(_ bytes: UnsafeRawBufferPointer, after before: UInt32 = 0) -> UInt32 {
        unsafe qcs_crc32c(before, bytes.baseAddress, bytes.count)
    }

    /// Without the instruction.
    static func portable(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        unsafe qcs_crc32c_portable(0, bytes.baseAddress, bytes.count)
    }
}

/// A stored value with a checksum behind it: the value, and the CRC-32C of key and value, u32, little-endian. The key
/// counts, so that a sound value under another's key is found out as well.
package enum CheckedValue {
    /// The value in `stored`, without looking at the checksum.
    /// - Throws: `.corrupted` where there is no room for one.
    @inline(__always)
    package static func content(_ stored: UnsafeRawBufferPointer) throws(LMDBError) -> UnsafeRawBufferPointer {
        guard stored.count >= CRC32C.byteCount else { throw .corrupted }
        return unsafe UnsafeRawBufferPointer(rebasing: stored[..<(stored.count - CRC32C.byteCount)])
    }

    /// The value in `stored`.
    /// - Throws: `.corrupted` where the checksum is another.
    package static func verified(
        _ stored: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer
    ) throws(LMDBError) -> UnsafeRawBufferPointer {
        let content = try unsafe content(stored)
        let checksum = unsafe stored.loadUnaligned(fromByteOffset: content.count, as: UInt32.self)
        guard unsafe CRC32C.of(content, after: CRC32C.of(key)) == UInt32(littleEndian: checksum) else {
            throw .corrupted
        }
        return unsafe content
    }

    /// Whether `stored` is a sound value of `key`.
    package static func isSound(_ stored: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer) -> Bool {
        guard stored.count >= CRC32C.byteCount else { return false }
        let count = stored.count - CRC32C.byteCount
        let content = unsafe UnsafeRawBufferPointer(rebasing: stored[..<count])
        let checksum = unsafe stored.loadUnaligned(fromByteOffset: count, as: UInt32.self)
        return unsafe CRC32C.of(content, after: CRC32C.of(key)) == UInt32(littleEndian: checksum)
    }

    /// `value` as it is stored under `key`.
    package static func stored(_ value: some ByteSource, key: some ByteSource) -> [UInt8] {
        unsafe value.withBytes { content in
            var bytes = [UInt8]()
            bytes.reserveCapacity(content.count + CRC32C.byteCount)
            unsafe bytes.append(contentsOf: content)
            let checksum = unsafe key.withBytes { key in unsafe CRC32C.of(content, after: CRC32C.of(key)) }
            unsafe withUnsafeBytes(of: checksum.littleEndian) { unsafe bytes.append(contentsOf: $0) }
            return bytes
        }
    }
}

extension Readable where Self: ~Copyable {
    /// The value that `putChecked` stored under `key`, nil without the key.
    /// - Throws: `.corrupted` where value and checksum do not fit.
    package func getChecked(
        _ database: Database, _ key: some ByteSource
    ) throws(LMDBError) -> UnsafeRawBufferPointer? {
        guard let stored = try unsafe get(database, key) else { return nil }
        guard unsafe key.withBytes({ unsafe CheckedValue.isSound(stored, key: $0) }) else { throw .corrupted }
        return try unsafe CheckedValue.content(stored)
    }

    /// The same without looking at the checksum, for inner loops whose answer is read again with `getChecked`.
    @inline(__always)
    package func getUnchecked(
        _ database: Database, _ key: some ByteSource
    ) throws(LMDBError) -> UnsafeRawBufferPointer? {
        guard let stored = try unsafe get(database, key) else { return nil }
        return try unsafe CheckedValue.content(stored)
    }
}

extension WriteTransaction {
    /// Stores `value` under `key` with its checksum behind it. Not for `dupSort`.
    @discardableResult
    package mutating func putChecked(
        _ database: Database, _ key: some ByteSource, _ value: some ByteSource, _ flags: PutFlags = []
    ) throws(LMDBError) -> Bool {
        let (code, keyByteCount, valueByteCount) = unsafe key.withBytes { keyBytes in
            unsafe value.withBytes { content in
                let checksum = unsafe CRC32C.of(content, after: CRC32C.of(keyBytes))
                let count = content.count + CRC32C.byteCount
                let (code, memory) = unsafe rawReserve(transaction, database.identifier, keyBytes, count, flags.rawValue)
                if code == Code.success, let memory = unsafe memory {
                    let stored = unsafe UnsafeMutableRawBufferPointer(start: memory, count: count)
                    unsafe stored.copyMemory(from: content)
                    unsafe stored.storeBytes(of: checksum.littleEndian, toByteOffset: content.count, as: UInt32.self)
                }
                return (code, keyBytes.count, count)
            }
        }
        if code == Code.success { return true }
        if code == Code.keyExists && flags.isDisjoint(with: [.append, .appendDuplicate]) { return false }
        throw .writing(code, keyByteCount: keyByteCount, valueByteCount: valueByteCount)
    }
}
