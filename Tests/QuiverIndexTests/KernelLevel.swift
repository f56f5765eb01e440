import CVectorKernels
import Testing

/// The levels this CPU has, as arguments of tests.
enum KernelLevel {
    static let all: [qvk_level] = (0..<UInt32(QVK_LEVEL_COUNT)).map { qvk_level(rawValue: $0) }
        .filter { qvk_table_of($0) != nil }
    static let raw = all.map(\.rawValue)

    static func table(_ raw: UInt32) throws -> qvk_table { try #require(qvk_table_of(qvk_level(rawValue: raw))).pointee }

    /// All short lengths, and some long ones.
    static let lengths = Array(0...300) + [383, 384, 1000, 1536, 4097]
    /// Lengths that are tried at every alignment.
    static let alignedLengths = [0, 1, 3, 8, 15, 16, 17, 31, 33, 63, 64, 65, 100, 127, 129, 257]
}

/// How a row's values are stored.
enum RowFormat: CaseIterable {
    case f32, f16, u8

    var bytes: Int {
        switch self {
        case .f32: 4
        case .f16: 2
        case .u8: 1
        }
    }

    var raw: qvk_row_format {
        switch self {
        case .f32: QVK_ROWS_F32
        case .f16: QVK_ROWS_F16
        case .u8: QVK_ROWS_U8
        }
    }

    /// The stored bytes of values, and what they then are.
    func store(_ values: [Float]) -> (bytes: [UInt8], values: [Double]) {
        switch self {
        case .f32: (values.flatMap { withUnsafeBytes(of: $0, Array.init) }, values.map(Double.init))
        case .f16:
            (values.flatMap { withUnsafeBytes(of: Float16($0), Array.init) }, values.map { Double(Float16($0)) })
        case .u8:
            (values.map { UInt8(max(0, min(255, $0.magnitude * 80))) },
             values.map { Double(UInt8(max(0, min(255, $0.magnitude * 80)))) })
        }
    }
}

/// A distance, with its definition in double precision.
enum PairOperation: CaseIterable {
    case dot, squaredL2, l1

    func oracle(_ a: [Double], _ b: [Double]) -> (value: Double, size: Double) {
        var value = 0.0, size = 0.0
        for i in 0..<a.count {
            let term =
                switch self {
                case .dot: a[i] * b[i]
                case .squaredL2: (a[i] - b[i]) * (a[i] - b[i])
                case .l1: abs(a[i] - b[i])
                }
            value += term
            size += abs(term)
        }
        return (value, size)
    }

    func pair(_ format: RowFormat, _ table: qvk_table, _ query: UnsafePointer<Float>, _ row: UnsafeRawPointer, _ n: Int)
        -> Float
    {
        let f32 = row.assumingMemoryBound(to: Float.self)
        let f16 = row.assumingMemoryBound(to: UInt16.self)
        let u8 = row.assumingMemoryBound(to: UInt8.self)
        return switch (self, format) {
        case (.dot, .f32): table.dot_f32(query, f32, n)
        case (.dot, .f16): table.dot_f16(query, f16, n)
        case (.dot, .u8): table.dot_u8(query, u8, n)
        case (.squaredL2, .f32): table.squared_l2_f32(query, f32, n)
        case (.squaredL2, .f16): table.squared_l2_f16(query, f16, n)
        case (.squaredL2, .u8): table.squared_l2_u8(query, u8, n)
        case (.l1, .f32): table.l1_f32(query, f32, n)
        case (.l1, .f16): table.l1_f16(query, f16, n)
        case (.l1, .u8): table.l1_u8(query, u8, n)
        }
    }

    func score(_ format: RowFormat, _ table: qvk_table) -> qvk_score_function? {
        switch (self, format) {
        case (.dot, .f32): table.score_dot_f32
        case (.dot, .f16): table.score_dot_f16
        case (.dot, .u8): table.score_dot_u8
        case (.squaredL2, .f32): table.score_euclid_f32
        case (.squaredL2, .f16): table.score_euclid_f16
        case (.squaredL2, .u8): table.score_euclid_u8
        case (.l1, .f32): table.score_manhattan_f32
        case (.l1, .f16): table.score_manhattan_f16
        case (.l1, .u8): table.score_manhattan_u8
        }
    }
}
