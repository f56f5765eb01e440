/// Rows of vectors in a NumPy file, read where they are needed.
struct NumPyFile: Sendable {
    let header: NumPyHeader
    private let file: InputFile

    /// - Throws: `CommandFailure`: 66 when there is no such file, 65 for one that is not a fitting array.
    init(_ path: String, of content: NumPyHeader.Content = .components) throws(CommandFailure) {
        file = try InputFile(path)
        do throws(NumPyHeader.Fault) {
            let prefix = try Self.read(file, NumPyHeader.prefixByteCount)
            header = try NumPyHeader(try Self.read(file, try NumPyHeader.byteCount(prefix)), of: content)
        } catch {
            throw CommandFailure(code: .dataError, message: "\(path): \(error.message)")
        }
        let (data, overflow) = header.rows.multipliedReportingOverflow(by: header.rowByteCount)
        guard !overflow, data <= file.byteCount - header.dataOffset else {
            throw CommandFailure(
                code: .dataError,
                message:
                    "\(path): the head promises \(header.rows) rows of \(header.columns) components, the file ends before that"
            )
        }
    }

    private static func read(_ file: InputFile, _ count: Int) throws(NumPyHeader.Fault) -> [UInt8] {
        do throws(CommandFailure) {
            return try file.read(at: 0, count: count)
        } catch {
            throw NumPyHeader.Fault(message: error.message)
        }
    }

    /// The components of `rows`, one row after the other.
    func components(rows: Range<Int>) throws(CommandFailure) -> [Float] {
        let bytes = try bytes(rows: rows)
        let count = rows.count * header.columns
        return bytes.withUnsafeBytes { raw in
            [Float](unsafeUninitializedCapacity: count) { floats, initialized in
                switch header.element {
                case .float32:
                    for index in 0..<count {
                        let bits = UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self))
                        floats.initializeElement(at: index, to: Float(bitPattern: bits))
                    }
                case .float16:
                    for index in 0..<count {
                        let bits = UInt16(littleEndian: raw.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self))
                        floats.initializeElement(at: index, to: HalfFloat.float(bits))
                    }
                case .int32, .uint32, .int64, .uint64:
                    for index in 0..<count { floats.initializeElement(at: index, to: Float(number(in: raw, at: index))) }
                }
                initialized = count
            }
        }
    }

    /// The whole numbers of `rows`, one row after the other; those of an array of floats are cut off.
    func numbers(rows: Range<Int>) throws(CommandFailure) -> [Int] {
        if NumPyHeader.Content.components.takes(header.element) {
            return try components(rows: rows).map { Int(exactly: $0.rounded(.towardZero)) ?? -1 }
        }
        let bytes = try bytes(rows: rows)
        return bytes.withUnsafeBytes { raw in (0..<rows.count * header.columns).map { number(in: raw, at: $0) } }
    }

    private func number(in raw: UnsafeRawBufferPointer, at index: Int) -> Int {
        switch header.element {
        case .int32: Int(Int32(littleEndian: raw.loadUnaligned(fromByteOffset: index * 4, as: Int32.self)))
        case .uint32: Int(UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)))
        case .int64: Int(Int64(littleEndian: raw.loadUnaligned(fromByteOffset: index * 8, as: Int64.self)))
        case .uint64:
            Int(clamping: UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self)))
        case .float32, .float16: 0
        }
    }

    private func bytes(rows: Range<Int>) throws(CommandFailure) -> [UInt8] {
        let bytes = try file.read(
            at: header.dataOffset + rows.lowerBound * header.rowByteCount, count: rows.count * header.rowByteCount)
        guard bytes.count == rows.count * header.rowByteCount else {
            throw CommandFailure(code: .inputOutput, message: "\(file.path): the file became shorter")
        }
        return bytes
    }
}

/// IEEE 754 binary16, which Swift does not have on every platform.
enum HalfFloat {
    /// Exact: every binary16 is a binary32.
    static func float(_ half: UInt16) -> Float {
        let sign = UInt32(half & 0x8000) << 16
        let exponent = UInt32(half >> 10) & 0x1F
        let fraction = UInt32(half & 0x3FF)
        switch exponent {
        case 0:
            // Zero, or a subnormal: fraction · 2⁻²⁴.
            let magnitude = Float(fraction) * Float(sign: .plus, exponent: -24, significand: 1)
            return Float(bitPattern: sign | magnitude.bitPattern)
        case 0x1F: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
        default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
        }
    }
}
