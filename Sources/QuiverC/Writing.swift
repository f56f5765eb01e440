public import CQuiver
import Quiver
import QuiverJSON
import QuiverModel
import QuiverPayload

@c @implementation
public func quiver_upsert(
    _ collection: OpaquePointer?, _ vector_name: UnsafePointer<CChar>?, _ ids: UnsafePointer<UInt64>?,
    _ vectors: UnsafePointer<Float>?, _ count: Int, _ dimension: Int,
    _ payloads: UnsafePointer<UnsafePointer<CChar>?>?
) -> quiver_status {
    answering { () throws(Refusal) in
        let collection = unsafe try Handles.collections.object(collection)
        var batch = unsafe try Points.batch(vector_name, ids, vectors, count, dimension)
        if let payloads = unsafe payloads {
            try unsafe Points.setPayloads(of: &batch) { index in unsafe Texts.optionalBytes(payloads[index]) }
        }
        _ = try engine { () throws(QuiverError) in try collection.updateBlocking([.upsert(batch)]) }
    }
}

@c @implementation
public func quiver_upsert_lines(
    _ collection: OpaquePointer?, _ vector_name: UnsafePointer<CChar>?, _ ids: UnsafePointer<UInt64>?,
    _ vectors: UnsafePointer<Float>?, _ count: Int, _ dimension: Int, _ lines: UnsafePointer<CChar>?,
    _ lines_bytes: Int
) -> quiver_status {
    answering { () throws(Refusal) in
        let collection = unsafe try Handles.collections.object(collection)
        var batch = unsafe try Points.batch(vector_name, ids, vectors, count, dimension)
        if let lines = unsafe lines {
            guard lines_bytes >= 0 else { throw Refusal(QUIVER_ERROR_ARGUMENT, "lines_bytes is out of bounds") }
            var rest = unsafe UnsafeRawBufferPointer(start: lines, count: lines_bytes)[...]
            try unsafe Points.setPayloads(of: &batch) { _ in
                let end = unsafe rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
                defer { unsafe rest = rest[min(end + 1, rest.endIndex)...] }
                return unsafe UnsafeRawBufferPointer(rebasing: rest[..<end])
            }
            guard unsafe rest.isEmpty else {
                throw Refusal(QUIVER_ERROR_ARGUMENT, "there are more payload lines than points, \(count)")
            }
        }
        _ = try engine { () throws(QuiverError) in try collection.updateBlocking([.upsert(batch)]) }
    }
}

@c @implementation
public func quiver_delete(_ collection: OpaquePointer?, _ ids: UnsafePointer<UInt64>?, _ count: Int) -> quiver_status {
    answering { () throws(Refusal) in
        let collection = unsafe try Handles.collections.object(collection)
        guard let ids = unsafe ids else { throw .missing("ids") }
        guard (1...Points.mostPoints).contains(count) else { throw Points.badCount(count) }
        let points = unsafe UnsafeBufferPointer(start: ids, count: count).map(PointID.number)
        _ = try engine { () throws(QuiverError) in try collection.updateBlocking([.deletePoints(.ids(points))]) }
    }
}

/// Batches of points from arrays of C.
enum Points {
    /// Of one call; the log counts them in four bytes.
    static let mostPoints = 1 << 30

    static func badCount(_ count: Int) -> Refusal {
        Refusal(QUIVER_ERROR_ARGUMENT, "a count of \(count): from 1 to \(mostPoints)")
    }

    private static let parsers = JSONParserPool()

    static func batch(
        _ name: UnsafePointer<CChar>?, _ ids: UnsafePointer<UInt64>?, _ vectors: UnsafePointer<Float>?, _ count: Int,
        _ dimension: Int
    ) throws(Refusal) -> PointBatch {
        guard let ids = unsafe ids else { throw .missing("ids") }
        guard let vectors = unsafe vectors else { throw .missing("vectors") }
        guard (1...mostPoints).contains(count) else { throw badCount(count) }
        guard (1...Limits.vectorSize).contains(dimension) else {
            throw Refusal(QUIVER_ERROR_ARGUMENT, "a dimension of \(dimension): from 1 to \(Limits.vectorSize)")
        }
        var batch = PointBatch()
        batch.vectorNames = [unsafe name == nil ? "" : try Texts.string(name, "vector_name")]
        batch.components = unsafe Array(UnsafeBufferPointer(start: vectors, count: count * dimension))
        batch.vectors.reserveCapacity(count)
        batch.entries.reserveCapacity(count)
        for index in 0..<count {
            batch.vectors.append(PointBatch.VectorRef(name: 0, offset: index * dimension, count: dimension))
            batch.entries.append(
                PointBatch.Entry(id: .number(unsafe ids[index]), vectors: index..<index + 1, payload: nil))
        }
        return batch
    }

    /// Parses the payload of each entry; no or empty text is no payload.
    static func setPayloads(
        of batch: inout PointBatch, _ text: (Int) -> UnsafeRawBufferPointer?
    ) throws(Refusal) {
        try parsers.withParser { (parser) throws(Refusal) in
            for index in batch.entries.indices {
                guard let text = unsafe text(index), unsafe !text.isEmpty else { continue }
                do throws(PayloadError) {
                    batch.entries[index].payload = unsafe try PayloadText.parse(text, with: parser)
                } catch {
                    throw Refusal(QUIVER_ERROR_BAD_INPUT, "payload \(index): \(error)")
                }
            }
        }
    }
}
