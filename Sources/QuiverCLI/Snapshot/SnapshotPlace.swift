import ArgumentParser
import Quiver
import QuiverModel

/// Where snapshots are made and lie: a running server, or the directories of a stopped one.
protocol SnapshotPlace: Sendable {
    /// For people.
    var name: String { get }

    /// Returns when the snapshot is durable; `progress` is told its bytes where they are known.
    func create(_ scope: SnapshotScope, _ progress: Progress) async throws -> SnapshotDescription

    func list(_ scope: SnapshotScope) async throws -> [SnapshotDescription]

    /// - Throws: `CommandFailure` with 66 when there is none.
    func delete(_ scope: SnapshotScope, _ snapshot: String) async throws

    /// Gives the bytes of a snapshot from `offset` on, in order. Where it cannot begin there, `restart` is called and all
    /// of them are given.
    func read(
        _ scope: SnapshotScope, _ snapshot: String, from offset: Int, restart: () throws -> Void,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) async throws
}

extension SnapshotScope {
    /// `collection products`
    var text: String {
        switch self {
        case .storage: "the whole storage"
        case .collection(let name): "collection \(name)"
        case .shard(let name, let shard): "shard \(shard) of collection \(name)"
        }
    }

    var collection: String? {
        switch self {
        case .storage: nil
        case .collection(let name), .shard(let name, _): name
        }
    }

    /// The path of its snapshots in the REST interface.
    var path: String {
        switch self {
        case .storage: "/snapshots"
        case .collection(let name): RESTClient.path(name, "/snapshots")
        case .shard(let name, let shard): RESTClient.path(name, "/shards/\(shard)/snapshots")
        }
    }
}

extension CommandFailure {
    /// An error of the engine, with the exit code that says whose fault it is.
    init(_ error: QuiverError, _ what: String) {
        let code: ExitCode =
            switch error.kind {
            case .notFound: .noInput
            case .badInput, .badRequest, .validation, .corrupted: .dataError
            case .alreadyExists, .locked: .cannotCreate
            case .forbidden: .noPermission
            default: .inputOutput
            }
        self.init(code: code, message: "\(what): \(error.message)")
    }
}
