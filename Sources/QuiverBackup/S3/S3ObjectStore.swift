#if Server
import Foundation
import Synchronization

import NIOCore
import QuiverModel

/// Objects in an S3 bucket, below a prefix.
///
/// Writing takes a fixed number of parts in memory, whatever the size: an object of up to one part is one request; a
/// longer one is a multipart upload, which is aborted when anything fails. Reading goes on where a connection broke off.
package final class S3ObjectStore: ObjectStore {
    package struct Options: Sendable {
        /// At least 5 MiB, as S3 wants it. Parts grow in long uploads, as S3 takes at most 10,000 of them.
        package var partBytes = 8 << 20
        /// One is being filled while the others are under way.
        package var partsInMemory = 4
        package var attempts = 7
        package var firstDelaySeconds = 0.2
        package var trusted: TrustedCertificates?

        package init() {}
    }

    private let client: S3Client
    private let options: Options

    package init(_ location: S3Location, credentials: S3Credentials?, options: Options = Options()) {
        var patience = S3Client.Patience()
        patience.attempts = options.attempts
        patience.firstDelaySeconds = options.firstDelaySeconds
        client = S3Client(location, credentials: credentials, patience: patience, trusted: options.trusted)
        self.options = options
    }

    package var place: String { client.location.text }

    package func put(_ key: String, _ bytes: [UInt8]) throws(ObjectStoreError) {
        try ObjectKey.check(key)
        try put(key, ByteBuffer(bytes: bytes))
    }

    package func put(_ key: String, _ body: (any ObjectWriter) throws -> Void) throws(ObjectStoreError) {
        try ObjectKey.check(key)
        let upload = S3Upload(client, key: key, partBytes: options.partBytes, partsInMemory: options.partsInMemory)
        do {
            try body(upload)
            try upload.complete()
        } catch {
            upload.abort()
            throw .wrap(error)
        }
    }

    package func get(
        _ key: String, range: Range<Int>?, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws(ObjectStoreError) {
        try ObjectKey.check(key)
        var place = range?.lowerBound ?? 0
        if let range, range.isEmpty { return }
        var tries = S3Client.Tries()
        var tag: String?
        while true {
            var request = S3Client.Request(method: "GET", key: key)
            if place > 0 || range != nil {
                request.headers.append(
                    (name: "range", value: "bytes=\(place)-" + (range.map { String($0.upperBound - 1) } ?? "")))
            }
            // The rest of the same object, if it was replaced meanwhile.
            if let tag { request.headers.append((name: "if-match", value: tag)) }
            let answer = try client.send(request, &tries)
            if place > 0, answer.status != 206 {
                throw .invalid("\(client.text(request)): the store answers ranges with the whole object")
            }
            tag = tag ?? answer.header("etag")
            let before = place
            do throws(WebFailure) {
                while let chunk = try answer.nextBlocking() {
                    place += chunk.readableBytes
                    do throws(ObjectStoreError) { try give(chunk, body) } catch { throw WebFailure.body(error) }
                }
                if let length = answer.contentLength, place - before != length {
                    throw .connectionLost("\(place - before) of \(length) bytes")
                }
                return
            } catch {
                if case .body(let inner) = error { throw .wrap(inner) }
                let failure = ObjectStoreError.unavailable("\(client.text(request)): \(error)")
                guard error.isWorthRetrying else { throw failure }
                // Whatever the connection is like, it leads to the end.
                if place > before { tries.count = 1 }
                // Broken behind the last byte that was asked for.
                if let range, place == range.upperBound { return }
                try client.pause(after: failure, tries)
            }
        }
    }

    package func head(_ key: String) throws(ObjectStoreError) -> ObjectInfo? {
        try ObjectKey.check(key)
        do throws(ObjectStoreError) {
            let answer = try client.send(.init(method: "HEAD", key: key))
            return ObjectInfo(
                key: key, byteCount: answer.contentLength ?? 0,
                modified: answer.header("last-modified").flatMap { HTTPDate.read($0) } ?? Timestamp(microsecondsSinceEpoch: 0))
        } catch {
            if case .notFound = error { return nil }
            throw error
        }
    }

    package func list(prefix: String) throws(ObjectStoreError) -> [ObjectInfo] {
        var found: [ObjectInfo] = []
        var token: String?
        repeat {
            var request = S3Client.Request(method: "GET")
            request.query = [("list-type", "2"), ("prefix", client.location.prefix + prefix)]
            if let token { request.query.append((name: "continuation-token", value: token)) }
            let page = try client.sendForXML(request)
            for item in page.all("Contents") {
                guard let key = item.text("Key"), key.hasPrefix(client.location.prefix),
                    let bytes = item.text("Size").flatMap({ Int($0) }),
                    let modified = item.text("LastModified").flatMap({ Timestamp($0) })
                else { throw .invalid("\(place): a listing that makes no sense") }
                found.append(
                    ObjectInfo(
                        key: String(key.dropFirst(client.location.prefix.count)), byteCount: bytes, modified: modified))
            }
            token = page.text("IsTruncated") == "true" ? page.text("NextContinuationToken") : nil
        } while token != nil
        return found.sorted { $0.key < $1.key }
    }

    package func delete(_ keys: [String]) throws(ObjectStoreError) {
        for key in keys { try ObjectKey.check(key) }
        if keys.count == 1 {
            do throws(ObjectStoreError) { _ = try client.send(.init(method: "DELETE", key: keys[0])) } catch {
                if case .notFound = error { return }
                throw error
            }
            return
        }
        for first in stride(from: 0, to: keys.count, by: 1000) {
            let items = keys[first..<min(first + 1000, keys.count)].map { key in
                "<Object><Key>\(Self.escaped(client.location.prefix + key))</Key></Object>"
            }
            let text = "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>"
                + items.joined() + "</Delete>"
            let body = Array(text.utf8)
            var request = S3Client.Request(method: "POST")
            request.query = [("delete", "")]
            // S3 wants one of its checksums here.
            request.headers = [
                ("content-type", "application/xml"),
                ("x-amz-checksum-sha256", Data(Digest.sha256(body)).base64EncodedString()),
                ("x-amz-sdk-checksum-algorithm", "SHA256"),
                ("content-md5", Data(Digest.md5(body)).base64EncodedString()),
            ]
            request.body = ByteBuffer(bytes: body)
            let answer = try client.sendForXML(request)
            if let error = answer.first("Error") {
                throw .invalid(
                    "\(place): cannot delete `\(error.text("Key") ?? "")`: \(error.text("Code") ?? ""): "
                        + (error.text("Message") ?? ""))
            }
        }
    }

    // MARK: Inside

    private func put(_ key: String, _ body: ByteBuffer) throws(ObjectStoreError) {
        _ = try client.sendForBytes(.init(method: "PUT", key: key, body: body))
    }

    private func give(
        _ chunk: ByteBuffer, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws(ObjectStoreError) {
        do { try chunk.withUnsafeReadableBytes { try body($0) } } catch { throw .wrap(error) }
    }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case let control where control.value < 32: escaped += "&#\(control.value);"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}

/// The dates of HTTP headers: `Fri, 24 May 2013 00:00:00 GMT`.
enum HTTPDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    static func read(_ text: String) -> Timestamp? {
        let parts = text.split(separator: " ")
        guard parts.count == 6, let month = months.firstIndex(of: String(parts[2])) else { return nil }
        let two = month + 1 < 10 ? "0\(month + 1)" : "\(month + 1)"
        return Timestamp("\(parts[3])-\(two)-\(parts[1])T\(parts[4])Z")
    }
}
#endif
