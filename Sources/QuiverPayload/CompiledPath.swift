package import QuiverModel

/// One step of a path, its key in the path's bytes. Plain data, so that walking costs no reference counting.
struct PathStep {
    enum Kind: UInt8 { case key, index, wildcard }
    var kind: Kind
    /// Of the key in the pool.
    var offset: UInt32
    /// Length of the key, or the index.
    var number: Int
}

/// A path laid out for walking over payload text.
///
/// Sendable because nothing changes after `init`.
@safe
package final class CompiledPath: @unchecked Sendable {
    let steps: UnsafeMutablePointer<PathStep>
    let stepCount: Int
    let pool: UnsafeMutablePointer<UInt8>
    /// No step can fan out: at most one value is found.
    let isSingle: Bool

    package init(_ path: PayloadPath) {
        var flat = PathPool()
        let range = flat.add(path)
        stepCount = range.count
        unsafe steps = .allocate(capacity: max(1, stepCount))
        for (place, step) in flat.steps.enumerated() { unsafe (steps + place).initialize(to: step) }
        unsafe pool = .allocate(capacity: max(1, flat.bytes.count))
        for (place, byte) in flat.bytes.enumerated() { unsafe pool[place] = byte }
        isSingle = !path.steps.contains(.wildcard)
    }

    deinit {
        unsafe steps.deallocate()
        unsafe pool.deallocate()
    }

    /// Appends the positions of the values at the path below the value at `root`.
    func collect(_ base: TextBase, _ root: Int, _ end: Int, into found: inout [Int]) {
        unsafe CompiledPath.walk(steps, stepCount, pool, base, root, end, &found)
    }

    static func walk(
        _ steps: UnsafePointer<PathStep>, _ count: Int, _ pool: TextBase, _ base: TextBase, _ at: Int, _ end: Int,
        _ found: inout [Int]
    ) {
        guard at < end else { return }
        if count == 0 {
            found.append(at)
            return
        }
        let step = unsafe steps[0]
        let byte = unsafe base[at]
        switch step.kind {
        case .key:
            guard byte == UInt8(ascii: "{") else { return }
            let value = unsafe TextScan.member(base, at, end, pool + Int(step.offset), step.number)
            if value >= 0 { unsafe walk(steps + 1, count &- 1, pool, base, value, end, &found) }
        case .index, .wildcard:
            guard byte == UInt8(ascii: "[") else { return }
            var element = unsafe TextScan.firstElement(base, at, end)
            var place = 0
            while element >= 0 {
                if step.kind == .wildcard || place == step.number {
                    unsafe walk(steps + 1, count &- 1, pool, base, element, end, &found)
                    if step.kind == .index { return }
                }
                place &+= 1
                element = unsafe TextScan.nextElement(base, element, end)
            }
        }
    }
}

/// Collects steps and their keys while paths are compiled.
struct PathPool {
    var steps: [PathStep] = []
    var bytes: [UInt8] = []

    mutating func add(_ path: PayloadPath) -> Range<Int> {
        let first = steps.count
        for step in path.steps {
            switch step {
            case .key(let key):
                let utf8 = Array(key.utf8)
                steps.append(PathStep(kind: .key, offset: UInt32(bytes.count), number: utf8.count))
                bytes += utf8
            case .index(let index):
                steps.append(PathStep(kind: .index, offset: 0, number: index))
            case .wildcard:
                steps.append(PathStep(kind: .wildcard, offset: 0, number: 0))
            }
        }
        return first..<steps.count
    }
}
