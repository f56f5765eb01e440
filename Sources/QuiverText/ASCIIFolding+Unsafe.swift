enum ASCIIFolding {
    static func append(_ source: UnsafeBufferPointer<UInt8>, to target: inout ByteBuffer) {
        target.reserve(source.count)
        for unsafe byte in unsafe source { target.append(byte) }
    }
}
