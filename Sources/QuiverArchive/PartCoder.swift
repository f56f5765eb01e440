import CZstd

/// Compresses parts, with one context for all of them.
@safe
struct PartCompressor: ~Copyable {
    /// Level 1 is the fastest that finds repetitions; docs/DECISIONS.md has the figures.
    static let level: Int32 = 1

    private let context: OpaquePointer
    private let buffer: UnsafeMutableRawBufferPointer

    init() throws(ArchiveError) {
        guard let context = unsafe ZSTD_createCCtx() else { throw .outOfMemory }
        unsafe self.context = unsafe context
        unsafe buffer = .allocate(byteCount: ZSTD_compressBound(ArchiveFormat.partBytes), alignment: 64)
    }

    deinit {
        _ = unsafe ZSTD_freeCCtx(context)
        unsafe buffer.deallocate()
    }

    /// The part as one frame, valid until the next call; nil when that does not save a sixteenth.
    mutating func compress(_ part: UnsafeRawBufferPointer) throws(ArchiveError) -> UnsafeRawBufferPointer? {
        let worth = part.count - part.count / 16
        let count = unsafe ZSTD_compressCCtx(
            context, buffer.baseAddress, buffer.count, part.baseAddress, part.count, PartCompressor.level)
        if ZSTD_isError(count) != 0 { throw .outOfMemory }
        return count < worth ? unsafe UnsafeRawBufferPointer(rebasing: buffer[..<count]) : nil
    }
}

/// Brings parts back. What a frame says of itself is checked before it is followed.
@safe
struct PartDecompressor: ~Copyable {
    private let context: OpaquePointer
    private let buffer: UnsafeMutableRawBufferPointer

    init() throws(ArchiveError) {
        guard let context = unsafe ZSTD_createDCtx() else { throw .outOfMemory }
        unsafe self.context = unsafe context
        unsafe buffer = .allocate(byteCount: ArchiveFormat.partBytes, alignment: 64)
    }

    deinit {
        _ = unsafe ZSTD_freeDCtx(context)
        unsafe buffer.deallocate()
    }

    /// The part, valid until the next call.
    mutating func decompress(_ frame: UnsafeRawBufferPointer, name: String) throws(ArchiveError) -> UnsafeRawBufferPointer {
        let said = unsafe ZSTD_getFrameContentSize(frame.baseAddress, frame.count)
        // Unknown and wrong are the two greatest numbers.
        guard said <= UInt64(ArchiveFormat.partBytes), said > 0 else { throw .damaged("the frame of \(name)") }
        let length = unsafe ZSTD_findFrameCompressedSize(frame.baseAddress, frame.count)
        guard ZSTD_isError(length) == 0, length == frame.count else { throw .damaged("the frame of \(name)") }
        let count = unsafe ZSTD_decompressDCtx(
            context, buffer.baseAddress, Int(said), frame.baseAddress, frame.count)
        guard ZSTD_isError(count) == 0, count == Int(said) else { throw .damaged("the frame of \(name)") }
        return unsafe UnsafeRawBufferPointer(rebasing: buffer[..<count])
    }
}
