import NIOCore
import QuiverBackup

/// A snapshot of another server, read as it comes.
final class RemoteSnapshot {
    private let client: WebClient
    private let answer: WebAnswer
    private var rest = ByteBuffer()

    /// Sends the request, and blocks until its answer has begun.
    /// - Throws: `Rejection` in Qdrant's words.
    init(_ url: String, apiKey: String?) throws(Rejection) {
        let client = WebClient()
        var request = WebRequest("GET", url)
        if let apiKey { request.headers.append((name: "api-key", value: apiKey)) }
        do throws(WebFailure) {
            answer = try client.sendBlocking(request)
        } catch {
            throw Self.rejection(error, url)
        }
        self.client = client
        guard answer.isSuccess else {
            throw Rejection(
                status: 400, text: "Wrong input: Failed to download snapshot from \(url): status \(answer.status)")
        }
    }

    /// 0 at the end.
    func read(into target: UnsafeMutableRawBufferPointer) throws(Rejection) -> Int {
        while rest.readableBytes == 0 {
            do throws(WebFailure) {
                guard let more = try answer.nextBlocking() else { return 0 }
                rest = more
            } catch {
                throw Rejection(status: 500, text: "Service internal error: Failed to download the snapshot: \(error)")
            }
        }
        let count = min(target.count, rest.readableBytes)
        rest.readWithUnsafeReadableBytes { bytes in
            target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes.prefix(count)))
            return count
        }
        return count
    }

    private static func rejection(_ failure: WebFailure, _ url: String) -> Rejection {
        switch failure {
        case .invalidURL, .tooManyRedirects:
            Rejection(status: 400, text: "Wrong input: Failed to download snapshot from \(url): \(failure)")
        default:
            Rejection(
                status: 500, text: "Service internal error: Failed to download snapshot from \(url): \(failure)")
        }
    }
}
