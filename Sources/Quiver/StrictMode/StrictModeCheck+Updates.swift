import QuiverLMDB
import QuiverModel
import QuiverPayload

extension StrictModeCheck {
    func updates(_ operations: [UpdateOperation]) throws(QuiverError) {
        for operation in operations { try update(operation) }
        try pointCount(after: operations)
        if operations.contains(where: \.takesRoom) { try residentMemory() }
    }

    func createIndex(_ field: PayloadPath) throws(QuiverError) {
        let most = limits.maxPayloadIndexCount
        if let most, core.view.load().indexes.indexes.count >= most {
            throw .strictMode(
                "Collection already has the maximum number of payload indices (\(most))",
                help: "Please delete an existing index before creating a new one.")
        }
        try residentMemory()
    }

    private func update(_ operation: UpdateOperation) throws(QuiverError) {
        switch operation {
        case .upsert(let batch):
            try limit(batch.entries.count, limits.upsertMaxBatchSize, "upsert limit")
            try collectionSize()
            try vectors(of: batch)
        case .updateVectors(let batch):
            try limit(batch.entries.count, limits.upsertMaxBatchSize, "update limit")
            try collectionSize()
            try vectors(of: batch)
        case .setPayload(_, let selector, _), .overwritePayload(_, let selector):
            if let most = limits.maxCollectionPayloadSizeBytes { try payloadSize(most) }
            try writeFilter(selector.filter)
        case .deleteVectors(let selector, _), .deletePoints(let selector), .deletePayload(_, let selector),
            .clearPayload(let selector):
            try writeFilter(selector.filter)
        }
    }

    // MARK: Sizes

    private func collectionSize() throws(QuiverError) {
        let view = core.view.load()
        if let most = limits.maxCollectionVectorSizeBytes, view.vectorBytes >= most {
            throw .badRequest("Max vector storage size limit of \(StrictModeCheck.megabytes(most))MB reached!")
        }
        if let most = limits.maxCollectionPayloadSizeBytes { try payloadSize(most) }
        if let most = limits.maxPointsCount, view.pointCount >= most {
            throw .badRequest("Max points count limit of \(most) reached!")
        }
    }

    /// A full collection takes no upsert, as in Qdrant; one that is not full, none that would bring it beyond the limit.
    private func pointCount(after operations: [UpdateOperation]) throws(QuiverError) {
        guard let most = limits.maxPointsCount else { return }
        let batches = operations.compactMap { operation -> PointBatch? in
            if case .upsert(let batch) = operation, batch.mode != .updateOnly { batch } else { nil }
        }
        let present = core.view.load().pointCount
        // Which of them are new is looked up only where it may matter.
        guard batches.reduce(present, { $0 + $1.entries.count }) > most else { return }
        let ids = Set(batches.flatMap { $0.entries.map(\.id) })
        let new: Int
        do {
            let reader = try core.reader()
            new = try ids.count { try reader.slot(of: $0) == nil }
        } catch {
            throw QuiverError(wrapping: error)
        }
        if present + new > most { throw .badRequest("Max points count limit of \(most) reached!") }
    }

    private func payloadSize(_ most: Int) throws(QuiverError) {
        let bytes: Int
        do {
            let reader = try core.reader()
            bytes = try reader.transaction.handle.pageCount(reader.store.payload)
                * reader.store.environment.info().pageSizeBytes
        } catch {
            throw QuiverError(wrapping: error)
        }
        if bytes >= most {
            throw .badRequest("Max payload storage size limit of \(StrictModeCheck.megabytes(most))MB reached!")
        }
    }

    /// In single precision, as Qdrant computes it.
    private static func megabytes(_ bytes: Int) -> String {
        let megabytes = Float(bytes) / (1024 * 1024)
        return megabytes == megabytes.rounded() ? "\(Int(megabytes))" : "\(megabytes)"
    }

    // MARK: Vectors

    private func vectors(of batch: PointBatch) throws(QuiverError) {
        guard limits.multivector?.isEmpty == false || limits.sparse?.isEmpty == false else { return }
        for vector in batch.vectors where batch.vectorNames.indices.contains(vector.name) {
            let name = batch.vectorNames[vector.name]
            switch vector.shape {
            case .dense: continue
            case .multi(let rows):
                guard let most = limits.multivector?[name]?.maxVectors, rows > most else { continue }
                throw .badRequest("Multivector '\(name)' has a limit of \(most) vectors, but \(rows) were provided!")
            case .sparse:
                guard let most = limits.sparse?[name]?.maxLength, vector.count > most else { continue }
                throw .badRequest(
                    "Sparse vector '\(name)' has a limit of \(most) indices, but \(vector.count) were provided!")
            }
        }
    }

    // MARK: Memory

    /// What is not known refuses nothing.
    private func residentMemory() throws(QuiverError) {
        guard let most = limits.maxResidentMemoryPercent, let used = MachineMemory.residentPercent, used >= most
        else { return }
        throw .strictMode(
            "Resident memory usage is at \(used)% of total memory, exceeding the configured limit of \(most)%",
            help: "Reduce memory usage (e.g. delete points or drop collections), or raise "
                + "`max_resident_memory_percent` in the strict mode config of this collection.")
    }
}

extension UpdateOperation {
    /// Whether it can make the collection larger. What frees room must go on when there is none.
    fileprivate var takesRoom: Bool {
        switch self {
        case .upsert, .updateVectors, .setPayload, .overwritePayload: true
        case .deleteVectors, .deletePoints, .deletePayload, .clearPayload: false
        }
    }
}

extension PointSelector {
    var filter: Filter? {
        if case .filter(let filter) = self { filter } else { nil }
    }
}

extension CollectionView {
    /// Of the live vectors at full precision.
    var vectorBytes: Int { vectors.reduce(0) { $0 + $1.liveCount * $1.bytesPerPoint } }
}
