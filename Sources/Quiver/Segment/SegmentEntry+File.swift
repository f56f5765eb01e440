import Glibc

import QuiverLMDB
import QuiverModel

extension SegmentEntry {
    /// LMDB's header of the first page of a large value, behind which the value begins. It starts with the page's number.
    private static let pageHeaderBytes = 16

    /// Describes a finished file that nobody has open, by its own structure: of a file that was just written, or that is
    /// known to be whole.
    static func describing(_ path: String, vectorName: String) throws(QuiverError) -> SegmentEntry {
        let (meta, chunks) = try ownDirectory(path)
        do throws(FileError) {
            let file = try DataFile(path)
            guard let sha256 = try file.sha256(0..<file.byteCount) else {
                throw FileError(operation: "read", path: path, code: ENOMEM)
            }
            return SegmentEntry(
                vectorName: vectorName, byteCount: file.byteCount, sha256: sha256, meta: meta, chunks: chunks)
        } catch {
            throw QuiverError(error)
        }
    }

    /// What the pages of a file say themselves.
    static func ownDirectory(_ path: String) throws(QuiverError) -> (meta: [UInt8], chunks: [Chunk]) {
        let environment = try mapping { () throws(LMDBError) in try Environment(path: path, options: .writeOnce) }
        let chunks: [Chunk]
        let meta: [UInt8]
        do {
            let transaction = try mapping { () throws(LMDBError) in try environment.beginRead() }
            let pageBytes = try mapping { () throws(LMDBError) in try environment.info().pageSizeBytes }
            let found = try mapping { () throws(LMDBError) in
                unsafe try transaction.handle.get(.main, SegmentFormat.metaKey).map { unsafe Array($0) }
            }
            guard let found else { throw QuiverError(.corrupted, "segment file \(path): meta is missing or damaged") }
            meta = found
            chunks = try directory(transaction.handle, pageBytes: pageBytes, path)
        }
        try mapping { () throws(LMDBError) in try environment.close() }
        return (meta, chunks)
    }

    private static func directory(
        _ transaction: TransactionHandle, pageBytes: Int, _ path: String
    ) throws(QuiverError) -> [Chunk] {
        var chunks: [Chunk] = []
        for chunk in SegmentChunk.allCases {
            let value = unsafe try mapping { () throws(LMDBError) in unsafe try transaction.get(.main, chunk.rawValue) }
            guard let value = unsafe value else { continue }
            guard let base = value.baseAddress, let header = unsafe SegmentChunkHeader(value) else {
                throw QuiverError(.corrupted, "segment file \(path): \(chunk.rawValue) is missing or damaged")
            }
            let page = unsafe Int(clamping: (base - pageHeaderBytes).loadUnaligned(as: UInt64.self))
            let offset = page.multipliedReportingOverflow(by: pageBytes)
            guard !offset.overflow else { throw QuiverError(.corrupted, "segment file \(path): a page has no place") }
            chunks.append(
                Chunk(
                    name: chunk.rawValue, offset: offset.partialValue + pageHeaderBytes + SegmentFormat.headerBytes,
                    byteCount: header.dataBytes, sha256: header.sha256))
        }
        return chunks.sorted { $0.offset < $1.offset }
    }
}
