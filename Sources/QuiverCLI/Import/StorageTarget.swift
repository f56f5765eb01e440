import Quiver
import QuiverModel

/// A storage directory that no server has open.
struct StorageTarget: ImportTarget {
    private let database: Database

    init(_ directory: String, options: Database.Options) throws {
        database = try StorageOpening.open(directory, options: options)
    }

    func prepare(_ plan: ImportPlan) async throws {
        try await failing {
            () async throws(QuiverError) in
            if !database.collectionExists(plan.collection) {
                try await database.createCollection(
                    plan.collection, CollectionConfig(size: plan.columns, distance: plan.distance ?? .cosine))
            }
        }
        let info = try await failing { () async throws(QuiverError) in
            try await database.collection(plan.collection).info()
        }
        guard case .unnamed(let params) = info.config.vectors else {
            throw ImportMessages.noUnnamedVector(plan.collection)
        }
        guard params.size == plan.columns else {
            throw ImportMessages.dimension(plan.collection, expected: params.size, actual: plan.columns)
        }
        if let distance = plan.distance, distance != params.distance {
            throw ImportMessages.distance(plan.collection, expected: params.distance, actual: distance)
        }
        for (field, type) in plan.indexes {
            try await failing { () async throws(QuiverError) in
                _ = try await database.collection(plan.collection).createIndex(field, PayloadIndexParams(type: type))
            }
        }
    }

    func presentIDs(from first: UInt64, limit: Int, collection: String) async throws -> Int {
        try await failing { () async throws(QuiverError) in
            let collection = try database.collection(collection)
            var present = 0
            while present < limit {
                let page = try await collection.scroll(
                    ScrollRequest(limit: 10_000, offset: .number(first + UInt64(present)), withPayload: .none))
                for record in page.records {
                    guard present < limit, record.id == .number(first + UInt64(present)) else { return present }
                    present += 1
                }
                if page.nextOffset == nil { return present }
            }
            return present
        }
    }

    func upsert(_ batch: ImportBatch, collection: String) async throws {
        let points = batch.points
        while true {
            do throws(QuiverError) {
                _ = try await database.collection(collection).update([.upsert(points)])
                return
            } catch {
                guard case .overloaded(let seconds) = error.kind else { throw failure(error) }
                try await Task.sleep(for: .seconds(seconds))
            }
        }
    }

    func state(collection: String) async throws -> ImportState {
        let info = try await failing { () async throws(QuiverError) in try await database.collection(collection).info()
        }
        if let error = info.optimizerError { throw CommandFailure(code: .inputOutput, message: error) }
        return ImportState(
            isGreen: info.status == .green, points: info.pointsCount, indexedVectors: info.indexedVectorsCount)
    }

    func close() async {
        database.close()
    }

    private func failing<Value: Sendable>(
        _ body: () async throws(QuiverError) -> Value
    ) async throws(CommandFailure) -> Value {
        do throws(QuiverError) {
            return try await body()
        } catch {
            throw failure(error)
        }
    }

    private func failure(_ error: QuiverError) -> CommandFailure {
        switch error.kind {
        case .badInput, .badRequest, .validation, .notFound: CommandFailure(code: .dataError, message: error.message)
        default: CommandFailure(code: .inputOutput, message: error.message)
        }
    }
}
