import CZstd

/// Bytes as one frame of Zstandard.
package enum Frame {
    /// Level 1 is the fastest that finds repetitions.
    private static let level: Int32 = 1

    /// Nil when that does not save a sixteenth.
    package static func compress(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
        let worth = bytes.count - bytes.count / 16
        guard worth > 0 else { return nil }
        let bound = ZSTD_compressBound(bytes.count)
        let frame = unsafe [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
            let result = unsafe ZSTD_compress(buffer.baseAddress, buffer.count, bytes.baseAddress, bytes.count, level)
            count = ZSTD_isError(result) != 0 ? 0 : result
        }
        return frame.isEmpty || frame.count >= worth ? nil : frame
    }

    /// Nil unless the bytes are exactly one whole frame of `byteCount` bytes.
    package static func decompress(_ frame: UnsafeRawBufferPointer, byteCount: Int) -> [UInt8]? {
        let length = unsafe ZSTD_findFrameCompressedSize(frame.baseAddress, frame.count)
        guard ZSTD_isError(length) == 0, length == frame.count else { return nil }
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
            let result = unsafe ZSTD_decompress(buffer.baseAddress, byteCount, frame.baseAddress, frame.count)
            count = ZSTD_isError(result) != 0 ? 0 : result
        }
        return bytes.count == byteCount ? bytes : nil
    }
}
