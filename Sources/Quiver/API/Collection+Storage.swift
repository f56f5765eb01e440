import QuiverModel

/// The bytes that one kind of content takes on disk, in all files of a collection together.
package struct StorageComponent: Sendable, Equatable {
    /// `segments/` and the name of a chunk of segment files, or `points.mdb`.
    package var name: String
    package var bytes: Int
}

extension Collection {
    /// What takes how much of the disk: the chunks of sealed segments, in the order of the format, and the file of
    /// everything else (payloads, field indexes, ids, log). Chunks come without the headers and ends of pages.
    package func storageComponentsBlocking() throws(QuiverError) -> [StorageComponent] {
        try reading { reader in
            var bytes: [SegmentChunk: Int] = [:]
            for vector in reader.view.vectors {
                for sealed in vector.sealed {
                    for (chunk, count) in try sealed.segment.chunkBytes() { bytes[chunk, default: 0] += count }
                }
            }
            var components = SegmentChunk.allCases.compactMap { chunk in
                bytes[chunk].map { StorageComponent(name: "segments/\(chunk.rawValue)", bytes: $0) }
            }
            components.append(
                StorageComponent(
                    name: CollectionStore.fileName,
                    bytes: Files.byteCount(reader.store.directory + "/" + CollectionStore.fileName)))
            return components
        }
    }
}
