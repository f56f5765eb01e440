import Glibc
import QuiverModel
import QuiverWire
import Synchronization

/// Bounds for the memory and the disk that the server takes: beyond one, updates that need more are refused until the
/// use has fallen some way below it again.
final class QuotaManager: Sendable {
    enum Resource: CaseIterable, Sendable {
        case memory, disk

        fileprivate var what: String { self == .memory ? "Resident memory usage" : "Disk usage" }
        fileprivate var total: String { self == .memory ? "total memory" : "total capacity" }
        fileprivate var parameter: String { self == .memory ? "max_resident_memory_percent" : "max_disk_usage_percent" }
        fileprivate var remedy: String { self == .memory ? "Reduce memory usage" : "Reduce disk usage" }
    }

    struct Use: Sendable {
        /// Whole percent; nil where the system does not tell.
        var memory: Int?
        var disk: Int?

        subscript(_ resource: Resource) -> Int? { resource == .memory ? memory : disk }
    }

    private struct State {
        var config: QuotaConfig
        var exceeded: Set<Resource> = []
        var use = Use()
        var looked: ContinuousClock.Instant?
    }

    static let fileName = "quota.json"
    /// A burst of updates looks once.
    private static let freshness = Duration.milliseconds(100)

    private let directory: String
    private let totalMemoryBytes: Int?
    private let state: Mutex<State>
    private let writing = Mutex(())
    /// So that updates pay nothing where no quota is enforced.
    private let isEnforced: Atomic<Bool>

    /// What was set by request before, or else what is configured.
    /// - Throws: `ServerFailure` for a file that cannot be read: then the bounds are not known.
    init(directory: String, configured: ServerOptions.Quotas) throws(ServerFailure) {
        self.directory = directory
        totalMemoryBytes = MachineUse.memoryBytes()
        var config = QuotaConfig()
        config.enabled = configured.isEnabled
        config.maxResidentMemoryPercent = configured.maximumResidentMemoryPercent
        config.maxDiskUsagePercent = configured.maximumDiskUsagePercent
        config.releaseMarginPercent = configured.releaseMarginPercent
        if let text = ProcessUse.read(directory + "/" + Self.fileName) {
            do throws(WireError) {
                config = try Self.decode(Array(text.utf8))
            } catch {
                throw ServerFailure.unreadable(path: directory + "/" + Self.fileName, reason: error.message)
            }
        }
        state = Mutex(State(config: config))
        isEnforced = Atomic(config.isEnforced)
    }

    private static func decode(_ text: [UInt8]) throws(WireError) -> QuotaConfig {
        let result = text.withUnsafeBytes { bytes in
            Result { () throws(WireError) in try RequestDecoder.quotaConfig(bytes) }
        }
        return try result.get()
    }

    // MARK: Reading and changing

    var config: QuotaConfig { state.withLock { $0.config } }

    /// Which bounds are reached; nil for those that are not enforced.
    func exceeded() -> [Resource: Bool] {
        guard isEnforced.load(ordering: .relaxed) else { return [:] }
        return state.withLock { state in
            refresh(&state)
            var found: [Resource: Bool] = [:]
            for resource in Resource.allCases where state.config.bound(resource) != nil && state.use[resource] != nil {
                found[resource] = state.exceeded.contains(resource)
            }
            return found
        }
    }

    func use() -> Use {
        var use = Use()
        if let total = totalMemoryBytes, let resident = ProcessUse.residentBytes() {
            use.memory = Self.percent(resident, of: total)
        }
        if let (used, total) = MachineUse.disk(directory) { use.disk = Self.percent(used, of: total) }
        return use
    }

    /// Written down before it holds. Bounds that were reached are forgotten.
    func set(_ config: QuotaConfig) throws(Rejection) {
        let text = ResponseEncoder.text(config.report)
        // A lock of its own: updates ask for the state, and do not wait for the disk.
        try writing.withLock { _ throws(Rejection) in
            guard Self.write(text, to: directory + "/" + Self.fileName) else {
                throw Rejection(status: 500, text: "Service internal error: the quotas could not be stored")
            }
            state.withLock { $0 = State(config: config) }
            isEnforced.store(config.isEnforced, ordering: .relaxed)
        }
    }

    private static func write(_ text: [UInt8], to path: String) -> Bool {
        let draft = path + ".new"
        guard let file = fopen(draft, "w") else { return false }
        let isWritten = fwrite(text, 1, text.count, file) == text.count && fflush(file) == 0 && fsync(fileno(file)) == 0
        return fclose(file) == 0 && isWritten && rename(draft, path) == 0
    }

    // MARK: Enforcing

    /// - Throws: `Rejection` with 507 when a bound is reached.
    func check() throws(Rejection) {
        guard isEnforced.load(ordering: .relaxed) else { return }
        try state.withLock { state throws(Rejection) in
            refresh(&state)
            for resource in Resource.allCases where state.exceeded.contains(resource) {
                throw Self.rejection(resource, state)
            }
        }
    }

    private func refresh(_ state: inout State) {
        if let looked = state.looked, .now - looked < Self.freshness { return }
        state.looked = .now
        state.use = use()
        for resource in Resource.allCases {
            guard let bound = state.config.bound(resource), let percent = state.use[resource] else {
                state.exceeded.remove(resource)
                continue
            }
            if percent >= bound {
                state.exceeded.insert(resource)
            } else if percent < state.config.release(bound) {
                state.exceeded.remove(resource)
            }
        }
    }

    private static func rejection(_ resource: Resource, _ state: State) -> Rejection {
        let percent = state.use[resource] ?? 0
        let bound = state.config.bound(resource) ?? 0
        var text = "Insufficient storage: \(resource.what) is at \(percent)% of \(resource.total)"
        if percent >= bound {
            text += ", exceeding the configured limit of \(bound)%"
        } else {
            text += ". It reached the configured limit of \(bound)% and has to fall below "
                + "\(state.config.release(bound))% before this node takes writes again"
        }
        text += ". Help: \(resource.remedy) (e.g. delete points or drop collections), or raise `\(resource.parameter)`"
            + " in the global quota config."
        return Rejection(status: 507, text: text)
    }

    /// Rounded down, so that a bound is reached only when it is.
    private static func percent(_ used: Int, of total: Int) -> Int? {
        total > 0 ? min(100, Int(Double(max(0, used)) / Double(total) * 100)) : nil
    }
}

extension QuotaConfig {
    fileprivate func bound(_ resource: QuotaManager.Resource) -> Int? {
        guard enabled else { return nil }
        return resource == .memory ? maxResidentMemoryPercent : maxDiskUsagePercent
    }

    /// Where a bound that was reached ceases to count.
    fileprivate func release(_ bound: Int) -> Int { max(1, bound - (releaseMarginPercent ?? 5)) }

    fileprivate var isEnforced: Bool { enabled && (maxResidentMemoryPercent != nil || maxDiskUsagePercent != nil) }
}
