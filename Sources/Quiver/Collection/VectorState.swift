import QuiverModel

/// A growing segment as the writer sees it: its rows, which of them are dead, and where each slot is.
struct GrowingState {
    let segment: GrowingSegment
    var dead = ChunkedBitmap()
    var rowOfSlot: [UInt32: UInt32] = [:]

    init(_ field: VectorField) {
        segment = GrowingSegment(field)
    }
}

/// A sealed segment as the writer sees it.
struct SealedState {
    let segment: SealedSegment
    var dead = ChunkedBitmap()

    var liveCount: Int { segment.pointCount - dead.count }
}

/// The vectors of one name as the writer sees them. A slot has at most one live row in all of them.
struct VectorState {
    let field: VectorField
    /// The oldest first; the last is the one that is appended to, the others wait to be sealed.
    var growing: [GrowingState]
    var sealed: [SealedState] = []

    /// - Parameter frozenCount: of the collection's groups that wait to be sealed: each has a segment of every vector.
    init(_ field: VectorField, frozenCount: Int) {
        self.field = field
        growing = (0...frozenCount).map { _ in GrowingState(field) }
    }

    init(_ field: VectorField) { self.init(field, frozenCount: 0) }

    func withSealed(_ sealed: [SealedState]) -> VectorState {
        var result = self
        result.sealed = sealed
        return result
    }

    var activeIndex: Int { growing.count - 1 }
}
