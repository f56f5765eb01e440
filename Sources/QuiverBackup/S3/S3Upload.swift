#if Server
import Dispatch
import Synchronization

import NIOCore

/// One object on its way to S3, of a length that is not known before: one request if it fits into a part, else parts,
/// of which a fixed number is under way at once. For one thread.
final class S3Upload: ObjectWriter {
    private struct State {
        var tags: [Int: String] = [:]
        var failure: ObjectStoreError?
    }

    /// What the threads that send parts share.
    private final class Shared: Sendable {
        let state = Mutex(State())
    }

    private let client: S3Client
    private let key: String
    private let firstPartBytes: Int
    private let bytesUnderWay: Int
    private var uploadID: String?
    /// An answer to the beginning of the upload was lost: there may be one of which only the store knows.
    private var mayHaveLostOne = false
    private var byteCount = 0
    private var partNumber = 0
    private var filling: ByteBuffer
    private let shared = Shared()
    private let places: DispatchSemaphore
    private let placeCount: Int
    private let group = DispatchGroup()
    private let queue = DispatchQueue(label: "quiver.upload", attributes: .concurrent)

    init(_ client: S3Client, key: String, partBytes: Int, partsInMemory: Int) {
        self.client = client
        self.key = key
        firstPartBytes = max(5 << 20, partBytes)
        placeCount = max(1, partsInMemory - 1)
        bytesUnderWay = firstPartBytes * placeCount
        places = DispatchSemaphore(value: placeCount)
        filling = ByteBufferAllocator().buffer(capacity: 0)
    }

    /// The first 2,000 parts are small; then each 2,000 are twice as long, so that 10,000 reach to 496 GiB.
    private var partBytes: Int { firstPartBytes << min(4, partNumber / 2_000) }

    func write(_ bytes: UnsafeRawBufferPointer) throws(ObjectStoreError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            if let failure = shared.state.withLock({ $0.failure }) { throw failure }
            let room = partBytes - filling.readableBytes
            let piece = rest.prefix(room)
            filling.writeBytes(UnsafeRawBufferPointer(rebasing: piece))
            byteCount += piece.count
            rest = rest.dropFirst(piece.count)
            // A full part waits until there is more, for the only part of an object is no part.
            if filling.readableBytes == partBytes, !rest.isEmpty || uploadID != nil { try sendPart() }
        }
    }

    func complete() throws(ObjectStoreError) {
        guard let uploadID else {
            _ = try client.sendForBytes(.init(method: "PUT", key: key, body: filling))
            return
        }
        if filling.readableBytes > 0 { try sendPart() }
        group.wait()
        let (tags, failure) = shared.state.withLock { ($0.tags, $0.failure) }
        if let failure { throw failure }
        let parts = tags.sorted { $0.key < $1.key }.map {
            "<Part><PartNumber>\($0.key)</PartNumber><ETag>\($0.value.replacing("\"", with: "&quot;"))</ETag></Part>"
        }
        let text = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">" + parts.joined()
            + "</CompleteMultipartUpload>"
        var request = S3Client.Request(method: "POST", key: key)
        request.query = [("uploadId", uploadID)]
        request.headers = [("content-type", "application/xml")]
        request.body = ByteBuffer(string: text)
        var tries = S3Client.Tries()
        do throws(ObjectStoreError) {
            _ = try client.sendForXML(request, &tries)
        } catch {
            // Where an answer was lost, the upload may be complete and gone: then the object is there.
            guard tries.count > 0, try isThere(parts: parts.count) else { throw error }
        }
        self.uploadID = nil
        abortLostOnes()
    }

    /// After `complete`, or before the first part, it does nothing.
    func abort() {
        group.wait()
        if let uploadID { abort(uploadID) }
        uploadID = nil
        abortLostOnes()
    }

    /// What cannot be aborted stays until the bucket's own rule for unfinished uploads.
    private func abort(_ id: String) {
        var request = S3Client.Request(method: "DELETE", key: key)
        request.query = [("uploadId", id)]
        _ = try? client.sendForBytes(request)
    }

    /// Nobody else has uploads of this key: objects of several parts get keys that were never used before.
    private func abortLostOnes() {
        guard mayHaveLostOne else { return }
        mayHaveLostOne = false
        var request = S3Client.Request(method: "GET")
        let whole = client.location.prefix + key
        request.query = [("uploads", ""), ("prefix", whole)]
        let list = (try? client.sendForXML(request))?.all("Upload") ?? []
        for upload in list where upload.text("Key") == whole {
            if let id = upload.text("UploadId") { abort(id) }
        }
    }

    private func isThere(parts: Int) throws(ObjectStoreError) -> Bool {
        do throws(ObjectStoreError) {
            let answer = try client.send(.init(method: "HEAD", key: key))
            let tag = answer.header("etag") ?? ""
            // The tag of an object of several parts ends with their number.
            return answer.contentLength == byteCount && tag.split(separator: "-").last?.prefix { $0 != "\"" } == "\(parts)"
        } catch {
            if case .notFound = error { return false }
            throw error
        }
    }

    private func sendPart() throws(ObjectStoreError) {
        let id: String
        if let uploadID {
            id = uploadID
        } else {
            var request = S3Client.Request(method: "POST", key: key)
            request.query = [("uploads", "")]
            var tries = S3Client.Tries()
            mayHaveLostOne = true
            guard let made = try client.sendForXML(request, &tries).text("UploadId") else {
                throw .invalid("\(client.location.text): no upload id in the answer")
            }
            mayHaveLostOne = tries.count > 1
            id = made
            uploadID = made
        }
        // Longer parts take the places of several short ones.
        let taken = min(placeCount, max(1, filling.readableBytes / firstPartBytes))
        for _ in 0..<taken { places.wait() }
        if let failure = shared.state.withLock({ $0.failure }) {
            for _ in 0..<taken { places.signal() }
            throw failure
        }
        partNumber += 1
        guard partNumber <= 10_000 else {
            for _ in 0..<taken { places.signal() }
            throw .invalid("`\(key)` is longer than S3 takes in 10,000 parts")
        }
        let number = partNumber
        let body = filling
        filling = ByteBufferAllocator().buffer(capacity: partBytes)
        queue.async(group: group) { [client, key, places, shared] in
            defer { for _ in 0..<taken { places.signal() } }
            var request = S3Client.Request(method: "PUT", key: key)
            request.query = [("partNumber", String(number)), ("uploadId", id)]
            request.body = body
            do throws(ObjectStoreError) {
                let answer = try client.sendForBytes(request).answer
                guard let tag = answer.header("etag") else { throw .invalid("\(client.location.text): a part without etag") }
                shared.state.withLock { $0.tags[number] = tag }
            } catch {
                shared.state.withLock { $0.failure = $0.failure ?? error }
            }
        }
    }
}
#endif
