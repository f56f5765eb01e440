import QuiverIndex
import QuiverModel

extension Distance {
    var metric: Metric {
        switch self {
        case .cosine: .cosine
        case .dot: .dot
        case .euclid: .euclid
        case .manhattan: .manhattan
        }
    }
}

/// The name and shape of one vector of a collection.
struct VectorField: Sendable {
    let name: String
    let dimension: Int
    let distance: Distance

    var metric: Metric { distance.metric }

    /// The vectors of a configuration, in the order of their names.
    static func fields(of config: CollectionConfig) -> [VectorField] {
        (config.vectors?.byName ?? [:]).sorted { $0.key < $1.key }.map { name, params in
            VectorField(name: name, dimension: params.size, distance: params.distance)
        }
    }
}

/// A growing segment as the writer sees it: its rows, which of them are dead, and where each slot is.
struct GrowingState {
    let segment: GrowingSegment
    var dead = ChunkedBitmap()
    var rowOfSlot: [UInt32: UInt32] = [:]

    init(_ field: VectorField) {
        segment = GrowingSegment(dimension: field.dimension, metric: field.metric)
    }
}

/// A sealed segment as the writer sees it.
struct SealedState {
    let segment: SealedSegment
    var dead = ChunkedBitmap()

    var liveCount: Int { segment.rowCount - dead.count }
}

/// The vectors of one name as the writer sees them. A slot has at most one live row in all of them.
struct VectorState {
    let field: VectorField
    /// The oldest first; the last is the one that is appended to, the others wait to be sealed.
    var growing: [GrowingState]
    var sealed: [SealedState] = []

    init(_ field: VectorField) {
        self.field = field
        growing = [GrowingState(field)]
    }

    var activeIndex: Int { growing.count - 1 }
}
