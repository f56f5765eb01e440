import QuiverJSON
import QuiverModel
import Synchronization

/// Copies the points of one collection: several workers, each with a range of ids, each reading a page while the one
/// before it is being written.
struct PointCopier: Sendable {
    struct Options: Sendable {
        /// Pages on their way at once, and ranges at work.
        var workers = 4
        /// The most points of a page.
        var maximumPoints = 1000
        /// What a page should be in bytes; its number of points follows from those before it.
        var pageBytes = 4 << 20
        /// Servers take bodies of 32 MiB unless they are configured otherwise.
        var bodyBytes = 24 << 20
    }

    var source: RESTClient
    var target: RESTClient
    var sourceName: String
    var targetName: String
    var options: Options
    var ledger: CopyLedger
    var progress: Progress
    /// How many points a page should have.
    private let sizer: PageSizer
    private let maximumBatchSize: Int

    init(
        source: RESTClient, target: RESTClient, sourceName: String, targetName: String, blueprint: CollectionBlueprint,
        options: Options, ledger: CopyLedger, progress: Progress
    ) {
        self.source = source
        self.target = target
        self.sourceName = sourceName
        self.targetName = targetName
        self.options = options
        self.ledger = ledger
        self.progress = progress
        maximumBatchSize = max(1, min(options.maximumPoints, blueprint.maximumBatchSize ?? .max))
        sizer = PageSizer(
            expectedPointBytes: blueprint.expectedPointBytes, pageBytes: options.pageBytes,
            maximumPoints: max(1, min(options.maximumPoints, blueprint.maximumQueryLimit ?? .max)))
    }

    /// Returns when every range of the ledger is at the target. When it throws, the ledger says what is left.
    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<options.workers { group.addTask { try await work() } }
            do {
                while try await group.next() != nil {}
            } catch {
                group.cancelAll()
                throw error
            }
        }
    }

    private func work() async throws {
        while !ledger.isComplete {
            if let lease = ledger.take() {
                try await copy(lease)
            } else if let offer = ledger.offer(leastIDs: 2 * sizer.limit) {
                let found: PointKey?
                do {
                    found = try await firstID(from: offer.middle)
                } catch {
                    ledger.withdraw(offer)
                    throw error
                }
                if let lease = ledger.divide(offer, found: found) { try await copy(lease) }
            } else {
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    private func copy(_ lease: CopyLedger.Lease) async throws {
        defer { ledger.release(lease) }
        var page: PointPage? = try await read(from: lease.first)
        while let current = page {
            try Interruption.check()
            let place = current.next ?? .end
            let end = ledger.claim(lease, to: place)
            let count = current.count(before: end)
            // The next page is read while this one is written: two pages a worker are all that is held.
            async let following: PointPage? = place < end ? read(from: place) : nil
            for body in current.upserts(
                count: count, maximumBytes: options.bodyBytes, maximumPoints: maximumBatchSize)
            {
                _ = try await target.call("PUT", RESTClient.path(targetName, "/points?wait=true"), body)
            }
            ledger.advance(lease, to: min(place, end), count: count)
            progress.advance(count)
            page = try await following
        }
    }

    private func read(from place: PointKey) async throws(CommandFailure) -> PointPage {
        let page = try await scroll(from: place, limit: sizer.limit, withValues: true)
        sizer.note(points: page.ids.count, bytes: page.byteCount)
        return page
    }

    private func firstID(from place: PointKey) async throws(CommandFailure) -> PointKey? {
        try await scroll(from: place, limit: 1, withValues: false).ids.first
    }

    private func scroll(from place: PointKey, limit: Int, withValues: Bool) async throws(CommandFailure) -> PointPage {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("limit", limit)
        writer.member("with_payload", withValues)
        writer.member("with_vector", withValues)
        if let id = place.id {
            writer.key("offset")
            switch id {
            case .number(let number): writer.value(number)
            case .uuid(let uuid): writer.value(uuid.description)
            }
        }
        writer.endObject()
        let answer = try await source.call("POST", RESTClient.path(sourceName, "/points/scroll"), writer.bytes)
        return try PointPage(answer: answer.body)
    }
}

/// How many points to ask for, so that a page has the wanted number of bytes.
private final class PageSizer: Sendable {
    private let pageBytes: Int
    private let maximumPoints: Int
    private let current: Mutex<Int>

    /// - Parameter expectedPointBytes: nil: nobody knows, so the first page is small.
    init(expectedPointBytes: Int?, pageBytes: Int, maximumPoints: Int) {
        self.pageBytes = pageBytes
        self.maximumPoints = maximumPoints
        current = Mutex(max(1, min(maximumPoints, expectedPointBytes.map { pageBytes / $0 } ?? 16)))
    }

    var limit: Int { current.withLock { $0 } }

    /// Pages shrink at once, and grow by no more than a factor of two.
    func note(points: Int, bytes: Int) {
        guard points > 0 else { return }
        current.withLock { limit in
            let wanted = pageBytes / max(1, bytes / points)
            limit = max(1, min(maximumPoints, wanted, limit * 2))
        }
    }
}
