/// Takes what a verification finds and how far it has come; shared by its parts, on one thread.
final class VerificationReport {
    private let note: (StorageFinding) -> Void
    private let progress: VerificationProgress
    private var bytesDone = 0
    private let bytesTotal: Int
    private(set) var findingCount = 0

    init(bytesTotal: Int, note: @escaping (StorageFinding) -> Void, progress: @escaping VerificationProgress) {
        self.bytesTotal = bytesTotal
        self.note = note
        self.progress = progress
    }

    func add(_ severity: StorageFinding.Severity, file: String, place: String = "", _ text: String) {
        add(StorageFinding(severity, file: file, place: place, text))
    }

    func add(_ finding: StorageFinding) {
        findingCount += 1
        note(finding)
    }

    /// - Throws: `VerificationCancelled`.
    func advance(_ bytes: Int) throws {
        bytesDone += bytes
        if !progress(min(bytesDone, bytesTotal), bytesTotal) { throw VerificationCancelled() }
    }

    /// For bodies that may not throw: the next `advance` does.
    var isCancelled: Bool { !progress(min(bytesDone, bytesTotal), bytesTotal) }
}
