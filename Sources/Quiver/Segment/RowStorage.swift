import QuiverIndex
import QuiverModel

/// How the rows of a vector are stored: as numbers of a size, or as codes of TurboQuant.
struct RowStorage: Sendable {
    private enum Form {
        case numbers(RowsView.Element)
        case codes(Quantizer)
    }

    private let form: Form
    let dimension: Int

    init(_ datatype: SegmentMeta.Datatype, dimension: Int, metric: Metric) {
        self.dimension = dimension
        switch datatype {
        case .float32: form = .numbers(.float32)
        case .float16: form = .numbers(.float16)
        case .uint8: form = .numbers(.uint8)
        case .turbo4: form = .codes(.storage(dimension: dimension, metric: metric))
        }
    }

    /// Of a row.
    var byteCount: Int {
        switch form {
        case .numbers(let element): dimension * element.byteCount
        case .codes(let quantizer): quantizer.strideBytes
        }
    }

    /// Rows are stored as the floats they came as.
    var isPlain: Bool {
        if case .numbers(.float32) = form { true } else { false }
    }

    func encode(_ row: UnsafePointer<Float>, into out: UnsafeMutableRawPointer) {
        switch form {
        case .numbers(let element): unsafe RowEncoder.encode(row, dimension: dimension, as: element, into: out)
        case .codes(let quantizer): unsafe quantizer.encode(row, into: out)
        }
    }

    /// The row as it will be read back; false when it does not fit, which only half precision can tell. Rows of codes
    /// stay as they came until they are stored: what codes stand for may have others.
    func round(_ row: UnsafeMutablePointer<Float>) -> Bool {
        switch form {
        case .numbers(let element): unsafe RowEncoder.round(row, dimension: dimension, as: element)
        case .codes: true
        }
    }

    func view(_ base: UnsafeRawPointer, count: Int) -> StoredRows {
        switch form {
        case .numbers(let element):
            .numbers(unsafe RowsView(base, element, dimension: dimension, count: count))
        case .codes(let quantizer): .codes(unsafe QuantizedView(quantizer: quantizer, base: base, count: count))
        }
    }
}

/// Rows where they are stored.
enum StoredRows: Sendable {
    case numbers(RowsView)
    case codes(QuantizedView)

    var base: UnsafeRawPointer {
        switch self {
        case .numbers(let rows): unsafe rows.base
        case .codes(let rows): unsafe rows.base
        }
    }

    var count: Int {
        switch self {
        case .numbers(let rows): rows.count
        case .codes(let rows): rows.count
        }
    }

    var dimension: Int {
        switch self {
        case .numbers(let rows): rows.dimension
        case .codes(let rows): rows.quantizer.dimension
        }
    }

    var strideBytes: Int {
        switch self {
        case .numbers(let rows): rows.strideBytes
        case .codes(let rows): rows.quantizer.strideBytes
        }
    }

    /// Writes the components of a row as floats.
    func copy(_ row: Int, into out: UnsafeMutablePointer<Float>) {
        switch self {
        case .numbers(let rows): unsafe rows.copy(row, into: out)
        case .codes(let rows): unsafe rows.quantizer.decode(rows.base + row * rows.quantizer.strideBytes, into: out)
        }
    }

    /// Exact scores of what is stored; of codes, of what they decode to.
    func scorer(_ query: QueryVectors, metric: Metric, groups: RowGroups?, _ scratch: SearchScratch) -> Scorer {
        switch self {
        case .numbers(let rows): scratch.prepare(query, on: rows, metric: metric, groups: groups)
        case .codes(let rows): scratch.prepareExact(query, on: rows, groups: groups)
        }
    }
}
