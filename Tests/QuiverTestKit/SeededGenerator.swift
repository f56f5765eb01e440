import Foundation

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers for the same seed everywhere.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    public mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(1, bound))) }

    public mutating func chance(_ percent: Int) -> Bool { below(100) < percent }

    public mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

    /// Components between -1 and 1 with 24 random bits.
    public mutating func vector(_ dimension: Int) -> [Float] {
        (0..<dimension).map { _ in Float(next() >> 40) / Float(1 << 23) - 1 }
    }
}

/// The seed of this run: `QUIVER_SEED` when it is set, else a new one. It is printed, so that a failure can be repeated.
public func runSeed(_ test: String) -> UInt64 {
    let given = ProcessInfo.processInfo.environment["QUIVER_SEED"].flatMap { UInt64($0) }
    let seed = given ?? UInt64.random(in: 0..<1 << 32)
    print("\(test): QUIVER_SEED=\(seed)")
    return seed
}
