package import QuiverModel

/// Paths with their common beginnings shared: one pass over a payload follows all of them.
///
/// Not changed after `init`.
package final class PathTree: @unchecked Sendable {
    // @unchecked: written by `init` alone.

    /// A path ends here.
    private(set) var isEnd = false
    private(set) var wildcard: PathTree?
    private(set) var indices: [Int: PathTree] = [:]
    private var keys: [(key: [UInt8], child: PathTree)] = []
    private var places: [[UInt8]: Int] = [:]

    /// So few keys are compared one by one.
    private static let fewKeys = 8

    package init(_ paths: [PayloadPath]) {
        for path in paths { insert(path.steps[...]) }
    }

    private init() {}

    private func insert(_ steps: ArraySlice<PayloadPath.Step>) {
        var node = self
        for step in steps { node = node.child(step) }
        node.isEnd = true
    }

    private func child(_ step: PayloadPath.Step) -> PathTree {
        switch step {
        case .wildcard:
            let child = wildcard ?? PathTree()
            wildcard = child
            return child
        case .index(let index):
            let child = indices[index] ?? PathTree()
            indices[index] = child
            return child
        case .key(let key):
            let bytes = Array(key.utf8)
            if let place = places[bytes] { return keys[place].child }
            let child = PathTree()
            places[bytes] = keys.count
            keys.append((bytes, child))
            return child
        }
    }

    /// What goes on behind the key whose text, quotes included, lies between the positions.
    func child(_ base: TextBase, _ start: Int, _ end: Int) -> PathTree? {
        if keys.isEmpty { return nil }
        return unsafe TextScan.withString(base, start, end) { key in
            if keys.count > PathTree.fewKeys { return unsafe places[Array(key)].map { keys[$0].child } }
            for candidate in keys where unsafe key.elementsEqual(candidate.key) { return candidate.child }
            return nil
        }
    }

    /// Whether it leads into arrays.
    var hasElements: Bool { wildcard != nil || !indices.isEmpty }
}
