import CQuiver
import Glibc

/// Texts that come from C and go there.
enum Texts {
    /// A copy of a text that has to be given.
    static func string(_ text: UnsafePointer<CChar>?, _ name: StaticString) throws(Refusal) -> String {
        guard let text = unsafe text else { throw .missing(name) }
        guard let string = unsafe String(validatingCString: text) else {
            throw Refusal(QUIVER_ERROR_ARGUMENT, "\(name) is not UTF-8")
        }
        return string
    }

    /// The bytes of a text that has to be given, where they are.
    static func bytes(_ text: UnsafePointer<CChar>?, _ name: StaticString) throws(Refusal) -> UnsafeRawBufferPointer {
        guard let text = unsafe text else { throw .missing(name) }
        return unsafe UnsafeRawBufferPointer(start: text, count: strlen(text))
    }

    /// The bytes of a text, nil for NULL.
    static func optionalBytes(_ text: UnsafePointer<CChar>?) -> UnsafeRawBufferPointer? {
        guard let text = unsafe text else { return nil }
        return unsafe UnsafeRawBufferPointer(start: text, count: strlen(text))
    }

    /// Hands a text out; the caller frees it.
    static func answer(
        _ bytes: [UInt8], to target: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    ) throws(Refusal) {
        guard let memory = unsafe malloc(bytes.count + 1) else {
            throw Refusal(QUIVER_ERROR_SERVICE, "no memory for an answer of \(bytes.count) bytes")
        }
        unsafe bytes.withUnsafeBytes { source in
            if let base = source.baseAddress { unsafe memory.copyMemory(from: base, byteCount: source.count) }
        }
        unsafe memory.storeBytes(of: 0, toByteOffset: bytes.count, as: UInt8.self)
        unsafe target.pointee = memory.assumingMemoryBound(to: CChar.self)
    }
}
