import QuiverLMDB
package import QuiverModel

/// A filter made ready for one request.
///
/// There are two ways to answer a clause: from the postings of a field index, or by reading payload text. `resolve`
/// takes the first for whatever an index answers exactly, or nearly so (then the doubtful slots are verified by
/// payload), and the second for the rest, on the slots that are still candidates. Both give the same answer.
///
/// Belongs to the thread and the lifetime of its context's transaction.
package final class CompiledFilter {
    let context: FilterContext
    let program: FilterProgram
    let root: Int32
    /// How an index answers a node; parallel to the program's nodes.
    let accesses: [IndexAccess?]
    /// Nodes that need no pass over all payloads; parallel to the program's nodes.
    let isSelectable: [Bool]
    /// Under which the set of a node is kept; parallel to the program's nodes.
    let keys: [FilterKey?]
    /// What the answer depends on. Holds for whole filters without questions about vectors.
    let stamps: [ContentStamp]
    /// True when every point matches, whatever it is: an empty filter.
    package let matchesEverything: Bool

    var estimates: [Estimate?]
    var spareBitmaps: [SlotBitmap] = []

    /// - Throws: `.storage`; `has_id` and `has_vector` are looked up here.
    package init(_ filter: Filter, _ context: FilterContext) throws(PayloadError) {
        self.context = context
        var compiler = FilterCompiler(context: context)
        root = try compiler.add(filter)
        program = FilterProgram(compiler.builder)
        accesses = compiler.accesses
        keys = compiler.keys
        // Which points there are changes with the payloads, too.
        stamps = compiler.dependsOnPayloads || compiler.indexStamps.isEmpty
            ? compiler.indexStamps + [context.indexes.payloads] : compiler.indexStamps
        isSelectable = compiler.builder.nodes.indices.map { compiler.isSelectable[$0] }
        matchesEverything = compiler.builder.nodes[Int(root)].kind == .always
        estimates = Array(repeating: nil, count: accesses.count)
    }

    /// Does the point at a slot match? Read from its payload, without indexes.
    package func matches(_ slot: UInt32) throws(PayloadError) -> Bool {
        guard context.live.contains(slot) else { return false }
        if matchesEverything { return true }
        let text = try unsafe storing { () throws(LMDBError) in
            try unsafe withUnsafeBytes(of: slot) { (key) throws(LMDBError) in
                try unsafe context.transaction.getUnchecked(context.payloads, key)
            }
        }
        return unsafe holds(root, slot, text)
    }

    /// Without a stored text the payload is `{}`.
    @inline(__always)
    func holds(_ node: Int32, _ slot: UInt32, _ text: UnsafeRawBufferPointer?) -> Bool {
        if let text = unsafe text {
            return unsafe FilterEvaluation.holds(program.view, node, text.textBase, 0, text.count, Int(slot))
        }
        var nothing: (UInt8, UInt8) = (UInt8(ascii: "{"), UInt8(ascii: "}"))
        return unsafe withUnsafeBytes(of: &nothing) { bytes in
            unsafe FilterEvaluation.holds(program.view, node, bytes.textBase, 0, bytes.count, Int(slot))
        }
    }

    func children(_ node: Int32) -> [Int32] {
        let node = unsafe program.nodes[Int(node)]
        return (0..<Int(node.count)).map { unsafe program.links[Int(node.first) + $0] }
    }

    func kind(_ node: Int32) -> FilterNode.Kind { unsafe program.nodes[Int(node)].kind }
}
