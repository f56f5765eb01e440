import ArgumentParser
import Testing

@testable import QuiverCLI

struct NumPyFileTests {
    /// Writes an array file the way NumPy does: the head padded to a multiple of 64 bytes.
    static func file(_ description: String, version: UInt8 = 1, data: [UInt8]) -> [UInt8] {
        let prefix = version == 1 ? 10 : 12
        var text = Array(description.utf8)
        while (prefix + text.count + 1) % 64 != 0 { text.append(UInt8(ascii: " ")) }
        text.append(UInt8(ascii: "\n"))
        var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [version, 0]
        for index in 0..<(version == 1 ? 2 : 4) { bytes.append(UInt8(truncatingIfNeeded: text.count >> (8 * index))) }
        return bytes + text + data
    }

    static func float32(_ values: [Float]) -> [UInt8] {
        values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt32($0))) } }
    }

    @Test(arguments: [UInt8(1), 2, 3])
    func roundTrip(version: UInt8) throws {
        var generator = SystemRandomNumberGenerator()
        let seed = UInt64.random(in: 0...(.max), using: &generator)
        let values = (0..<60).map {
            Float(bitPattern: UInt32(truncatingIfNeeded: (seed &+ $0) &* 0x9E37_79B9) & 0x7F7F_FFFF)
        }
        let bytes = Self.file(
            "{'descr': '<f4', 'fortran_order': False, 'shape': (12, 5), }", version: version, data: Self.float32(values)
        )
        let temporary = try TemporaryFile(bytes)
        let array = try NumPyFile(temporary.path)
        #expect(array.header.rows == 12 && array.header.columns == 5)
        #expect(try array.components(rows: 0..<12) == values, "seed \(seed)")
        #expect(try array.components(rows: 3..<5) == Array(values[15..<25]), "seed \(seed)")
        #expect(try array.components(rows: 4..<4).isEmpty)
    }

    @Test func halfPrecisionIsExact() throws {
        let halves: [UInt16] = [0x0000, 0x8000, 0x0001, 0x03FF, 0x0400, 0x3C00, 0xBC00, 0x7BFF, 0xFBFF, 0x3555]
        let expected: [Float] = [
            0, -0.0, 0x1p-24, 0x3FFp-24, 0x1p-14, 1, -1, 65504, -65504, 0x1.554p-2,
        ]
        let bytes = Self.file(
            #"{"descr": "<f2", "fortran_order": False, "shape": (2, 5)}"#,
            data: halves.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] })
        let temporary = try TemporaryFile(bytes)
        let read = try NumPyFile(temporary.path).components(rows: 0..<2)
        #expect(read.map(\.bitPattern) == expected.map(\.bitPattern))
        #expect(HalfFloat.float(0x7C00) == .infinity && HalfFloat.float(0xFC00) == -.infinity)
        #expect(HalfFloat.float(0x7E00).isNaN)
    }

    #if !(os(macOS) && arch(x86_64))
    @Test func halfPrecisionAgreesWithTheCompiler() {
        for bits in UInt16.min...UInt16.max {
            let expected = Float(Float16(bitPattern: bits))
            let actual = HalfFloat.float(bits)
            #expect(actual == expected || (actual.isNaN && expected.isNaN), "\(bits)")
        }
    }
    #endif

    @Test(arguments: [
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1), }", "numbers of type '<f8' cannot be imported"),
        ("{'descr': '>f4', 'fortran_order': False, 'shape': (1, 1), }", "numbers of type '>f4' cannot be imported"),
        ("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1,), }", "cannot be read"),
        ("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 1), }", "C order"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", "two dimensions"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 0), }", "two dimensions"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 2), }", "two dimensions"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }", "the file ends before that"),
        ("{'fortran_order': False, 'shape': (2, 1), }", "'descr' is missing"),
        ("nonsense", "cannot be read"),
    ])
    func badHeads(description: String, message: String) throws {
        let temporary = try TemporaryFile(Self.file(description, data: [0, 0, 0, 0]))
        let failure = #expect(throws: CommandFailure.self) { _ = try NumPyFile(temporary.path) }
        #expect(failure?.code == .dataError)
        #expect(failure?.message.contains(message) == true, "\(failure?.message ?? "")")
    }

    @Test func otherFiles() throws {
        for bytes in [
            [], Array("PK\u{3}\u{4} an archive".utf8), [0x93] + Array("NUMPY".utf8),
            [0x93] + Array("NUMPY".utf8) + [9, 0, 0, 0, 0, 0],
        ] {
            let temporary = try TemporaryFile(bytes)
            #expect(throws: CommandFailure.self) { _ = try NumPyFile(temporary.path) }
        }
        let missing = #expect(throws: CommandFailure.self) { _ = try NumPyFile("/nowhere/x.npy") }
        #expect(missing?.code == .noInput)
        let directory = #expect(throws: CommandFailure.self) { _ = try NumPyFile("/tmp") }
        #expect(directory?.code == .noInput)
    }
}
