import Glibc

import QuiverModel

/// Where the parts of a segment are held; nil where nothing was said: then the system reads what is touched, and keeps
/// it while there is room.
struct SegmentPlacement: Equatable, Sendable {
    var vectors: MemoryPlacement?
    /// Codes that are searched instead of the vectors.
    var codes: MemoryPlacement?
    /// Of a graph, or of the index of sparse vectors.
    var graph: MemoryPlacement?

    /// `memory` counts before the older flags; codes are held like the vectors when nothing is said of them.
    init(_ name: String, _ config: CollectionConfig) {
        if let sparse = config.sparseVectors?[name] {
            graph = sparse.index?.memory ?? (sparse.index?.onDisk).map { $0 ? .cold : .pinned }
            return
        }
        let params = config.vectors?.byName[name]
        let hnsw = config.hnsw.applying(params?.hnswConfig)
        let quantization = params?.quantization ?? config.quantization
        vectors = params?.memory ?? (params?.onDisk).map { $0 ? .cold : .cached }
        graph = hnsw.memory ?? (hnsw.onDisk == true ? .cold : nil)
        codes = quantization?.memory ?? (quantization?.alwaysRAM == true ? .pinned : nil)
    }
}

/// Advice about mapped memory.
enum MappedMemory {
    /// - Parameter isRandom: single rows are read here and there: reading ahead of them brings what nobody wants.
    static func place(
        _ start: UnsafeRawPointer, bytes: Int, _ placement: MemoryPlacement?, isRandom: Bool = false
    ) {
        // Advice is about whole pages.
        let page = UInt(getpagesize())
        let first = UInt(bitPattern: start) / page * page
        let length = Int(UInt(bitPattern: start) + UInt(bytes) - first)
        guard bytes > 0, let base = unsafe UnsafeMutableRawPointer(bitPattern: first) else { return }
        // It may have been pinned before.
        if placement != .pinned { _ = unsafe munlock(base, length) }
        switch placement {
        case nil: if isRandom { _ = unsafe madvise(base, length, MADV_RANDOM) }
        case .cold: _ = unsafe madvise(base, length, MADV_RANDOM)
        case .cached: _ = unsafe madvise(base, length, MADV_WILLNEED)
        case .pinned:
            // Where the limit of locked memory does not allow it, the data are read ahead at least.
            if unsafe mlock(base, length) != 0 { _ = unsafe madvise(base, length, MADV_WILLNEED) }
        }
    }
}
