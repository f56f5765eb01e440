import Dispatch
import Synchronization

/// Writes the contents of a backup as objects, several at once, and none that is there already.
///
/// Memory: at most `places` contents of a part's length each, and their packed forms.
final class PartSender: Sendable {
    private struct State {
        var known: Set<String>
        var sent = BackupSent()
        var failure: BackupError?
    }

    private let repository: BackupRepository
    private let state: Mutex<State>
    private let places = DispatchSemaphore(value: PartSender.placeCount)
    private let queue = DispatchQueue(label: "quiver.backup", attributes: .concurrent)
    private static let placeCount = 4

    /// - Parameter known: names of the objects that are there.
    init(_ repository: BackupRepository, known: Set<String>) {
        self.repository = repository
        state = Mutex(State(known: known))
    }

    var sent: BackupSent { state.withLock { $0.sent } }

    func knows(_ name: String) -> Bool { state.withLock { $0.known.contains(name) } }

    func countRead(_ bytes: Int) { state.withLock { $0.sent.readBytes += UInt64(bytes) } }
    func countSpared(_ bytes: UInt64) { state.withLock { $0.sent.sparedBytes += bytes } }

    /// Writes one content on the calling thread. Returns its name.
    func send(_ content: [UInt8]) throws(BackupError) -> String {
        let name = content.withUnsafeBytes { repository.name(of: $0) }
        try put(content, name)
        return name
    }

    private func put(_ content: [UInt8], _ name: String) throws(BackupError) {
        guard state.withLock({ $0.known.insert(name).inserted }) else { return }
        let repository = repository
        let result = content.withUnsafeBytes { bytes in
            Result { () throws(BackupError) in try repository.put(bytes, as: name) }
        }
        let stored = try result.get()
        state.withLock { state in
            state.sent.objects += 1
            state.sent.storedBytes += UInt64(stored)
        }
    }

    /// A long stream that is sent part by part.
    final class Stream: Sendable {
        private let sender: PartSender
        private let parts = Mutex<[PartList.Part?]>([])
        private let group = DispatchGroup()

        init(_ sender: PartSender) { self.sender = sender }

        /// Waits for a place.
        func add(_ content: [UInt8]) throws(BackupError) {
            if let failure = sender.state.withLock({ $0.failure }) { throw failure }
            sender.countRead(content.count)
            let index = parts.withLock { parts in
                parts.append(nil)
                return parts.count - 1
            }
            sender.places.wait()
            sender.queue.async(group: group) { [sender] in
                defer { sender.places.signal() }
                do throws(BackupError) {
                    let name = try sender.send(content)
                    self.parts.withLock { $0[index] = PartList.Part(object: name, byteCount: UInt32(content.count)) }
                } catch {
                    sender.state.withLock { $0.failure = $0.failure ?? error }
                }
            }
        }

        /// When all parts are there, their list. Returns its name.
        func finish() throws(BackupError) -> (list: String, byteCount: UInt64) {
            group.wait()
            if let failure = sender.state.withLock({ $0.failure }) { throw failure }
            let list = PartList(parts.withLock { $0.compactMap { $0 } })
            return (try sender.send(list.encoded), list.byteCount)
        }

        /// Nothing of the stream is under way any more.
        func wait() { group.wait() }
    }
}
