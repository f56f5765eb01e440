import QuiverLMDB
import QuiverModel

/// The records of `points.mdb` as a stream that is independent of LMDB, in parts.
struct RecordStreamWriter {
    init(_ store: CollectionStore, _ transaction: TransactionHandle) {}
    mutating func write(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {}
}

extension CollectionCore {
    /// A map cannot grow while it is read, so that it grows before a long reading where it may soon have to.
    func makeRoomForLongRead() {
        guard let info = try? store.environment.info(), info.usedBytes > info.mapSizeBytes / 2 else { return }
        // In vain when other long readings are under way; the writer tries again when it has to.
        try? store.environment.growMap(to: info.mapSizeBytes * 2, timeoutMs: 200)
    }
}
