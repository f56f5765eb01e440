import CMeasure

/// One thing that is measured: a body that does it so many times.
struct Benchmark {
    var name: String
    /// Of one call of `body`; what is told is divided by it.
    var operations: Int
    var body: () throws -> Void

    /// - Parameter operations: how often one call of `body` does what is measured.
    init(_ name: String, operations: Int = 1, _ body: @escaping () throws -> Void) {
        self.name = name
        self.operations = operations
        self.body = body
    }
}

/// What one operation costs.
struct Cost {
    /// Processor time, the least of all rounds: what others do on the machine only ever adds.
    var nanoseconds: Double
    /// Nil where nothing counts them.
    var instructions: Double?
    var allocations: Double?
}

/// Makes what benchmarks need, when they are to run. The closure that it returns runs before it is measured once, so
/// that caches and pools are as in a process that has been at work.
struct BenchmarkGroup {
    var name: String
    var make: () throws -> [Benchmark]

    init(_ name: String, _ make: @escaping () throws -> [Benchmark]) {
        self.name = name
        self.make = make
    }
}

enum Measuring {
    static let roundNanoseconds: UInt64 = 4_000_000

    static func measure(_ benchmark: Benchmark, rounds: Int, countsInstructions: Bool) throws -> Cost {
        try benchmark.body()
        // As many calls as fill a round.
        var calls = 1
        while true {
            let nanoseconds = try time(benchmark, calls: calls)
            if nanoseconds >= roundNanoseconds / 2 || calls >= 1 << 24 { break }
            calls *= 2
        }
        var least = UInt64.max
        for _ in 0..<rounds { least = min(least, try time(benchmark, calls: calls)) }
        let (allocationsBefore, instructionsBefore) = (qms_allocations(), qms_instructions())
        for _ in 0..<calls { try benchmark.body() }
        let instructions = qms_instructions() - instructionsBefore
        let allocations = qms_allocations() - allocationsBefore
        let operations = Double(calls * benchmark.operations)
        return Cost(
            nanoseconds: Double(least) / operations,
            instructions: countsInstructions ? Double(instructions) / operations : nil,
            allocations: qms_counts_allocations() ? Double(allocations) / operations : nil)
    }

    private static func time(_ benchmark: Benchmark, calls: Int) throws -> UInt64 {
        let start = qms_thread_nanoseconds()
        for _ in 0..<calls { try benchmark.body() }
        return qms_thread_nanoseconds() - start
    }

    /// Under callgrind: its file of this benchmark holds the instructions of so many operations.
    static func countUnderCallgrind(_ benchmark: Benchmark, calls: Int) throws -> Int {
        try benchmark.body()
        qms_begin_callgrind()
        for _ in 0..<calls { try benchmark.body() }
        qms_end_callgrind(benchmark.name)
        return calls * benchmark.operations
    }
}

/// Random numbers that are the same in every run (SplitMix64, Steele et al. 2014).
struct FixedGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64 = 42) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// Components of unit vectors that lie around `centres` directions, as those of real data do.
    mutating func vectors(_ count: Int, dimension: Int, centres: Int = 64) -> [Float] {
        let middle = (0..<centres * dimension).map { _ in Float.random(in: -1...1, using: &self) }
        var components: [Float] = []
        components.reserveCapacity(count * dimension)
        for _ in 0..<count {
            let centre = Int.random(in: 0..<centres, using: &self)
            let row = (0..<dimension).map { middle[centre * dimension + $0] + Float.random(in: -1...1, using: &self) }
            let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
            components += row.map { $0 / length }
        }
        return components
    }
}

/// Memory that stays where it is until the process ends, for rows and codes.
func permanent<Element>(_ elements: [Element]) -> UnsafeMutablePointer<Element> {
    let slackBytes = 64
    let bytes = elements.count * MemoryLayout<Element>.stride
    let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes + slackBytes, alignment: 64)
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: bytes + slackBytes)
    elements.withUnsafeBytes { source in
        if let base = source.baseAddress { memory.copyMemory(from: base, byteCount: bytes) }
    }
    return memory.bindMemory(to: Element.self, capacity: elements.count)
}
