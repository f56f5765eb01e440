import QuiverJSON
import QuiverModel

/// One page of a scroll, and the requests that write its points elsewhere.
struct PointPage: Sendable {
    private let document: JSONDocument
    /// In order.
    let ids: [PointKey]
    /// Where the next page begins; nil at the end of the collection.
    let next: PointKey?
    let byteCount: Int

    /// - Throws: `CommandFailure` with 65 when the answer is not one of a scroll.
    init(answer bytes: [UInt8]) throws(CommandFailure) {
        byteCount = bytes.count
        let read: (document: JSONDocument, ids: [PointKey], next: PointKey?)?
        do throws(JSONError) {
            let document = try JSONDocument(parsing: bytes)
            read = document.withRoot { root -> (JSONDocument, [PointKey], PointKey?)? in
                guard let result = root.member("result"), let points = result.member("points"), points.isArray else {
                    return nil
                }
                var ids: [PointKey] = []
                ids.reserveCapacity(points.count)
                for point in points.elements {
                    guard let id = point.member("id").flatMap(Self.key) else { return nil }
                    ids.append(id)
                }
                guard let following = result.member("next_page_offset"), !following.isNull else {
                    return (document, ids, nil)
                }
                guard let next = Self.key(following) else { return nil }
                return (document, ids, next)
            }
        } catch {
            throw CommandFailure(code: .dataError, message: "the answer to a scroll is not JSON: \(error)")
        }
        guard let read else {
            throw CommandFailure(code: .dataError, message: "the answer to a scroll has another form than Qdrant's")
        }
        (document, ids, next) = read
        guard zip(ids, ids.dropFirst()).allSatisfy({ $0 < $1 }), next.map({ ids.last ?? .first < $0 }) ?? true else {
            throw CommandFailure(
                code: .dataError, message: "the source does not scroll in the order of ids, so it cannot be read in parts")
        }
    }

    private static func key(_ node: JSONNode) -> PointKey? {
        if let number = node.uint64 { return PointKey(.number(number)) }
        guard let text = node.string, let uuid = PointUUID(text) else { return nil }
        return PointKey(.uuid(uuid))
    }

    /// How many of the first points are before `end`.
    func count(before end: PointKey) -> Int {
        ids.firstIndex { $0 >= end } ?? ids.count
    }

    /// Bodies that upsert the first `count` points, each of at most `maximumBytes` (unless one point alone is larger) and
    /// `maximumPoints`. The values are the text of the answer: no number is read and written again.
    func upserts(count: Int, maximumBytes: Int, maximumPoints: Int) -> [[UInt8]] {
        document.withRoot { root in
            var bodies: [[UInt8]] = []
            var writer = JSONWriter(reservingByteCount: min(byteCount, maximumBytes) + 1024)
            var inBody = 0
            func begin(_ writer: inout JSONWriter) {
                writer.beginObject()
                writer.key("points")
                writer.beginArray()
            }
            func end(_ writer: inout JSONWriter) {
                writer.endArray()
                writer.endObject()
                bodies.append(writer.bytes)
                writer.removeAll()
                inBody = 0
            }
            guard let points = root.member("result")?.member("points") else { return bodies }
            var left = count
            for point in points.elements where left > 0 {
                left -= 1
                let isFull = inBody > 0 && writer.count + point.rawBytes.count > maximumBytes
                if isFull || inBody == maximumPoints { end(&writer) }
                if inBody == 0 { begin(&writer) }
                Self.write(point, &writer)
                inBody += 1
            }
            if inBody > 0 { end(&writer) }
            return bodies
        }
    }

    private static func write(_ point: JSONNode, _ writer: inout JSONWriter) {
        writer.beginObject()
        if let id = point.member("id") {
            writer.key("id")
            writer.value(rawOf: id)
        }
        writer.key("vector")
        if let vector = point.member("vector"), !vector.isNull {
            writer.value(rawOf: vector)
        } else {
            writer.beginObject()
            writer.endObject()
        }
        if let payload = point.member("payload"), !payload.isNull {
            writer.key("payload")
            writer.value(rawOf: payload)
        }
        writer.endObject()
    }
}
