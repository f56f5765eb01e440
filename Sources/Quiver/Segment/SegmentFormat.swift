import QuiverIndex
import QuiverLMDB
import QuiverModel

/// The file of a sealed segment: the vectors of one name, in the order of their slots.
///
/// A write-once LMDB file. It is written beside its final name, renamed when complete and
/// from then on opened read-only and without locks. Its entries in the main database:
///
/// | key | value |
/// |---|---|
/// | `meta` | `SegmentMeta`, little-endian |
/// | a `SegmentChunk` | a chunk header of 48 bytes, then the data |
///
/// LMDB puts a value of more than half a page on pages of its own, 16 bytes behind their start. With
/// the header of 48 bytes the data begin at a multiple of 64 in the file and in the map, and are read there
/// in place. A chunk is at least one page long, so that it is never stored inside a leaf page.
///
/// Chunk header: `u32 magic`, `u32 0`, `u64 data bytes`, SHA-256 of the data.
enum SegmentFormat {
    static let version: UInt32 = 2
    static let magic: UInt32 = 0x4745_5351  // "QSEG"
    static let headerBytes = 48
    static let leastValueBytes = 4096
    static let alignment = 64
    static let metaKey = "meta"

    static func valueBytes(dataBytes: Int) -> Int { max(leastValueBytes, headerBytes + dataBytes) }
}

/// The chunks of a segment file. Points are in the order of their slots; a point has one row, or with multivectors the
/// rows that `rowOffsets` says.
enum SegmentChunk: String, CaseIterable {
    /// u32 per point, ascending.
    case slots
    /// The set of slots from the first on; `SlotTable` describes it and its ranks.
    case slotBitmap = "slot_bitmap"
    case slotRanks = "slot_ranks"
    /// u64 per point, see `PointNumbers`; absent when a point has a UUID.
    case ids
    /// u32 per point and one more: the rows of point `p` of a multivector are from entry `p` to before entry `p + 1`.
    case rowOffsets = "row_offsets"
    /// The components of each row, as `SegmentMeta.datatype` says; of sparse vectors the values, as f32.
    case vectors
    /// As `CodeEncoder` lays them out, per row; absent for Manhattan.
    case codes
    case codeTerms = "code_terms"
    /// As `Quantizer` writes itself and its rows; absent where no codes but the plain ones are searched.
    case quantizer
    case quantized
    /// As `GraphView` lays them out, between points; absent in a flat segment.
    case links
    case upperOffsets = "upper_offsets"
    case upperLinks = "upper_links"
    /// As `PayloadLinks` lays them out; absent unless `payload_m` was given and some value is that of many points.
    case payloadLinks = "payload_links"
    /// Of sparse vectors: where each row's entries begin, and their indices, as `SparseRowsView` lays them out.
    case sparseOffsets = "sparse_offsets"
    case sparseIndices = "sparse_indices"
    /// The inverted index of sparse vectors, as `SparseIndexView` reads it.
    case sparseTerms = "sparse_terms"
    case sparseSlices = "sparse_slices"
    case sparsePostings = "sparse_postings"

    /// Nil for a chunk that may be there or not.
    func isPresent(in meta: SegmentMeta) -> Bool? {
        switch self {
        case .ids, .quantizer, .quantized, .payloadLinks: nil
        case .slots, .slotBitmap, .slotRanks, .vectors: true
        case .rowOffsets: meta.kind == .multi
        case .codes, .codeTerms: meta.kind != .sparse && meta.metric.usesCodes
        case .links, .upperOffsets, .upperLinks: meta.graph != nil
        case .sparseOffsets, .sparseIndices, .sparseTerms, .sparseSlices, .sparsePostings: meta.kind == .sparse
        }
    }
}

/// What the `meta` entry says.
struct SegmentMeta: Equatable {
    /// As `VectorField.Kind`.
    enum Kind: UInt8 {
        case dense = 0
        case multi = 1
        case sparse = 2
    }

    /// As `VectorDatatype`.
    enum Datatype: UInt8 {
        case float32 = 0
        case float16 = 1
        case uint8 = 2
        case turbo4 = 3
    }

    struct Graph: Equatable {
        var m: Int
        var entryPoint: UInt32
        var topLevel: Int
        /// As `GraphView` says.
        var linkBytes: Int
    }

    var kind: Kind
    var metric: Metric
    var datatype: Datatype
    var dimension: Int
    var pointCount: Int
    /// Rows of all points together.
    var rowCount: Int
    var firstSlot: UInt32
    var lastSlot: UInt32
    /// How the segment was indexed, as `SegmentIndexing` writes it; empty for one that was not.
    var indexing: String
    var graph: Graph?

    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.write(SegmentFormat.magic)
        writer.write(SegmentFormat.version)
        writer.write(kind.rawValue)
        writer.write(metric.rawValue)
        writer.write(datatype.rawValue)
        writer.write(UInt32(dimension))
        writer.write(UInt32(pointCount))
        writer.write(UInt32(rowCount))
        writer.write(firstSlot)
        writer.write(lastSlot)
        writer.write(text: indexing)
        writer.write(UInt8(graph == nil ? 0 : 1))
        writer.write(UInt32(graph?.m ?? 0))
        writer.write(graph?.entryPoint ?? 0)
        writer.write(UInt32(graph?.topLevel ?? 0))
        writer.write(UInt8(graph?.linkBytes ?? 0))
        return writer.takeBytes()
    }

    /// Refuses the meta entry of another version.
    ///
    /// - Parameter path: of the file.
    static func checkFormat(_ bytes: [UInt8], _ path: String) throws(QuiverError) {
        let words: (magic: UInt32, version: UInt32)? = unsafe bytes.withUnsafeBytes { bytes in
            var reader = unsafe ByteReader(bytes)
            guard let magic = try? reader.read(UInt32.self), let version = try? reader.read(UInt32.self) else { return nil }
            return (magic, version)
        }
        guard let words, words.magic == SegmentFormat.magic else { return }
        try KnownFormat.check("segment file \(path)", words.version, SegmentFormat.version)
    }

    /// Nil when the bytes are not a meta entry of a version that is known.
    init?(_ bytes: UnsafeRawBufferPointer) {
        var reader = unsafe ByteReader(bytes)
        do throws(ByteReader.Malformed) {
            guard try reader.read(UInt32.self) == SegmentFormat.magic,
                try reader.read(UInt32.self) == SegmentFormat.version,
                let kind = Kind(rawValue: try reader.read(UInt8.self)),
                let metric = Metric(rawValue: try reader.read(UInt8.self)),
                let datatype = Datatype(rawValue: try reader.read(UInt8.self))
            else { return nil }
            self.kind = kind
            self.metric = metric
            self.datatype = datatype
            dimension = Int(try reader.read(UInt32.self))
            pointCount = Int(try reader.read(UInt32.self))
            rowCount = Int(try reader.read(UInt32.self))
            firstSlot = try reader.read()
            lastSlot = try reader.read()
            indexing = try reader.readText()
            let hasGraph = try reader.read(UInt8.self)
            let m = Int(try reader.read(UInt32.self))
            let entryPoint = try reader.read(UInt32.self)
            let topLevel = Int(try reader.read(UInt32.self))
            let linkBytes = Int(try reader.read(UInt8.self))
            graph =
                hasGraph == 1 ? Graph(m: m, entryPoint: entryPoint, topLevel: topLevel, linkBytes: linkBytes) : nil
        } catch {
            return nil
        }
        guard dimension > 0 || kind == .sparse, pointCount > 0, pointCount <= Candidate.maximumRowCount,
            rowCount >= pointCount, rowCount <= Candidate.maximumRowCount, kind == .multi || rowCount == pointCount,
            firstSlot <= lastSlot
        else { return nil }
    }

    init(
        kind: Kind, metric: Metric, datatype: Datatype, dimension: Int, pointCount: Int, rowCount: Int,
        firstSlot: UInt32, lastSlot: UInt32, indexing: String = "", graph: Graph? = nil
    ) {
        self.kind = kind
        self.metric = metric
        self.datatype = datatype
        self.dimension = dimension
        self.pointCount = pointCount
        self.rowCount = rowCount
        self.firstSlot = firstSlot
        self.lastSlot = lastSlot
        self.indexing = indexing
        self.graph = graph
    }
}

extension VectorField {
    var segmentKind: SegmentMeta.Kind {
        switch kind {
        case .dense: .dense
        case .multi: .multi
        case .sparse: .sparse
        }
    }
}
