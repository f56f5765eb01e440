import QuiverIndex
import QuiverLMDB

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
    /// 2 added the width of the links; files of version 1 have links of four bytes.
    static let version: UInt32 = 2
    static let magic: UInt32 = 0x4745_5351  // "QSEG"
    static let headerBytes = 48
    static let leastValueBytes = 4096
    static let alignment = 64
    static let metaKey = "meta"

    static func valueBytes(dataBytes: Int) -> Int { max(leastValueBytes, headerBytes + dataBytes) }
}

/// The chunks of a segment file. Rows are in the order of their slots.
enum SegmentChunk: String, CaseIterable {
    /// u32 per row, ascending.
    case slots
    /// The set of slots from the first on; `SlotTable` describes it and its ranks.
    case slotBitmap = "slot_bitmap"
    case slotRanks = "slot_ranks"
    /// f32 × dimension per row.
    case vectors
    /// As `CodeEncoder` lays them out; absent for Manhattan.
    case codes
    case codeTerms = "code_terms"
    /// As `GraphView` lays them out; absent in a flat segment.
    case links
    case upperOffsets = "upper_offsets"
    case upperLinks = "upper_links"
}

/// What the `meta` entry says.
struct SegmentMeta: Equatable {
    var metric: Metric
    var dimension: Int
    var rowCount: Int
    var firstSlot: UInt32
    var lastSlot: UInt32
    var graph: Graph?

    struct Graph: Equatable {
        var m: Int
        var entryPoint: UInt32
        var topLevel: Int
        /// As `GraphView` says.
        var linkBytes: Int
    }

    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.write(SegmentFormat.magic)
        writer.write(SegmentFormat.version)
        writer.write(metric.rawValue)
        writer.write(UInt32(dimension))
        writer.write(UInt32(rowCount))
        writer.write(firstSlot)
        writer.write(lastSlot)
        writer.write(UInt8(graph == nil ? 0 : 1))
        writer.write(UInt32(graph?.m ?? 0))
        writer.write(graph?.entryPoint ?? 0)
        writer.write(UInt32(graph?.topLevel ?? 0))
        writer.write(UInt8(graph?.linkBytes ?? 0))
        return writer.takeBytes()
    }

    /// Nil when the bytes are not a meta entry of a version that is known.
    init?(_ bytes: UnsafeRawBufferPointer) {
        var reader = unsafe ByteReader(bytes)
        do throws(ByteReader.Malformed) {
            guard try reader.read(UInt32.self) == SegmentFormat.magic,
                case let version = try reader.read(UInt32.self), 1...SegmentFormat.version ~= version,
                let metric = Metric(rawValue: try reader.read(UInt8.self))
            else { return nil }
            self.metric = metric
            dimension = Int(try reader.read(UInt32.self))
            rowCount = Int(try reader.read(UInt32.self))
            firstSlot = try reader.read()
            lastSlot = try reader.read()
            let hasGraph = try reader.read(UInt8.self)
            let m = Int(try reader.read(UInt32.self))
            let entryPoint = try reader.read(UInt32.self)
            let topLevel = Int(try reader.read(UInt32.self))
            let linkBytes = version == 1 ? 4 : Int(try reader.read(UInt8.self))
            graph =
                hasGraph == 1 ? Graph(m: m, entryPoint: entryPoint, topLevel: topLevel, linkBytes: linkBytes) : nil
        } catch {
            return nil
        }
        guard dimension > 0, rowCount > 0, rowCount <= Candidate.maximumRowCount, firstSlot <= lastSlot else { return nil }
    }

    init(metric: Metric, dimension: Int, rowCount: Int, firstSlot: UInt32, lastSlot: UInt32, graph: Graph? = nil) {
        self.metric = metric
        self.dimension = dimension
        self.rowCount = rowCount
        self.firstSlot = firstSlot
        self.lastSlot = lastSlot
        self.graph = graph
    }
}
