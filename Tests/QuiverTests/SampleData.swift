import Foundation
import Quiver
import Testing

/// The sample that ships in `Tests/Data`: 5,000 products with vectors of length 1.
struct SampleData {
    static let dimension = 384

    var vectors: [[Float]] = []
    var payloads: [Payload] = []

    init() throws {
        let data = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Data")
        let file = try Data(contentsOf: data.appendingPathComponent("sample5k.f16.npy"))
        // NumPy's format 1.0: magic, version, u16 length of the header, header, rows.
        let bytes = [UInt8](file)
        let first = 10 + Int(bytes[8]) + Int(bytes[9]) << 8
        let rowBytes = SampleData.dimension * 2
        try #require((bytes.count - first) % rowBytes == 0)
        for row in stride(from: first, to: bytes.count, by: rowBytes) {
            vectors.append(
                stride(from: row, to: row + rowBytes, by: 2).map { at in
                    SampleData.float(half: UInt16(bytes[at]) | UInt16(bytes[at + 1]) << 8)
                })
        }
        let lines = try String(contentsOf: data.appendingPathComponent("sample5k.jsonl"), encoding: .utf8)
        payloads = try lines.split(separator: "\n").map { try Payload(json: String($0)) }
        try #require(vectors.count == payloads.count)
    }

    /// IEEE 754 half precision.
    private static func float(half: UInt16) -> Float {
        let sign: Float = half >> 15 == 0 ? 1 : -1
        let exponent = Int(half >> 10 & 31)
        let fraction = Float(half & 1023) / 1024
        if exponent == 0 { return sign * fraction * Float(sign: .plus, exponent: -14, significand: 1) }
        return sign * Float(sign: .plus, exponent: exponent - 15, significand: 1 + fraction)
    }
}
