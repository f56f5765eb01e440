/// A snapshot of another server, read as it comes.
final class RemoteSnapshot {
    init(_ url: String, apiKey: String?) throws(Rejection) {
        throw .unavailable("Recovering from a URL")
    }

    func read(into target: UnsafeMutableRawBufferPointer) throws(Rejection) -> Int { 0 }
}
