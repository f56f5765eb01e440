import Foundation
import Quiver
@testable import Quiver
import QuiverLMDB

extension Collection {
    /// Runs `body` on the writer's thread, in a transaction that is committed.
    func onWriter(_ body: @escaping @Sendable (inout CollectionWriter.MaintenanceContext) throws -> Void) async throws {
        let answer = Answer<Void>()
        core.writer.submit(.init(apply: { try body(&$0) }, completion: { answer.give($0) }))
        try await answer.value(within: nil)?.get()
    }

    /// Ends the growing segments of the moment; they are sealed in the background.
    func freeze() async throws {
        try await onWriter { $0.state.freeze() }
        core.optimizer.consider()
    }

    /// Waits until nothing is left to be sealed, indexed or merged.
    func settle() async throws {
        while true {
            let info = try await info()
            if info.status != .yellow {
                if let error = info.optimizerError { throw QuiverError(.service, error) }
                return
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Seals everything and waits for the graphs.
    func seal() async throws {
        try await freeze()
        try await settle()
    }

    /// Copies the storage directory as a crash at this moment would leave it: the writer stands between two commits,
    /// while sealing and merging may be in the middle of their files.
    func copyStorage(from path: String, to target: String) async throws {
        struct Enough: Error {}
        do {
            try await onWriter { _ in
                try copyTree(path, target)
                throw Enough()
            }
        } catch let error as QuiverError where error.message.contains("Enough") {}
    }

    var segmentFiles: [String] { get throws { try Files.names(in: core.store.segmentsDirectory).sorted() } }

    /// How many records the log holds.
    func logRecordCount() throws -> Int {
        let transaction = try core.store.environment.beginRead()
        var count = 0
        try WriteAheadLog.forEach(after: 0, core.store, transaction.handle) { (_, _) throws(QuiverError) in count += 1 }
        return count
    }
}

/// Without the lock files, which belong to the process. What vanishes meanwhile is left out.
func copyTree(_ path: String, _ target: String) throws {
    let files = FileManager.default
    try files.createDirectory(atPath: target, withIntermediateDirectories: true)
    for name in try Files.names(in: path) where name != "LOCK" && !name.hasSuffix("-lock") {
        var isDirectory: ObjCBool = false
        guard files.fileExists(atPath: path + "/" + name, isDirectory: &isDirectory) else { continue }
        if isDirectory.boolValue {
            try copyTree(path + "/" + name, target + "/" + name)
        } else {
            try? files.copyItem(atPath: path + "/" + name, toPath: target + "/" + name)
        }
    }
}
