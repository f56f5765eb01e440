/// Numbers that JSON can write and a 32-bit float cannot hold become infinite when they are converted.
enum FloatCheck {
    /// The first component that is not finite. One pass without branches finds out whether there is one.
    static func firstNotFinite(_ values: UnsafeBufferPointer<Float>) -> Int? {
        let exponent: UInt32 = 0x7f80_0000
        var found: UInt32 = 0
        for unsafe value in unsafe values {
            found |= value.bitPattern & exponent == exponent ? 1 : 0
        }
        guard found != 0 else { return nil }
        return unsafe values.firstIndex { !$0.isFinite }
    }
}
