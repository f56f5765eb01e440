import QuiverModel

/// Moves rows from files into a collection, several batches at a time.
struct Importer: Sendable {
    struct Options: Sendable {
        var firstID: UInt64 = 0
        var batchRows = 256
        /// Batches on their way at once: bounds memory, and keeps the writer's group commit busy.
        var batchesInFlight = 4
        var resumes = false
        var waits = true
    }

    struct Summary: Sendable {
        var rows: Int
        var imported: Int
        var elapsed: Duration
        var state: ImportState
    }

    var vectors: NumPyFile
    var payloads: String?
    var plan: ImportPlan
    var options: Options

    func run(into target: any ImportTarget) async throws -> Summary {
        let rows = vectors.header.rows
        if let payloads {
            let lines = try JSONLinesFile.countRows(payloads)
            guard lines == rows else {
                throw CommandFailure(
                    code: .dataError, message: "the vectors have \(rows) rows, \(payloads) has \(lines)")
            }
        }
        guard UInt64(rows) <= UInt64.max - options.firstID else {
            throw CommandFailure(code: .usage, message: "--first-id: the ids of \(rows) rows do not fit behind it")
        }
        try await target.prepare(plan)
        var first = 0
        if options.resumes {
            first = try await target.presentIDs(from: options.firstID, limit: rows, collection: plan.collection)
        }
        let progress = Progress()
        progress.begin("", total: rows, unit: .points, before: first)
        try await send(rows: first..<rows, to: target, progress)
        let elapsed = progress.elapsed
        progress.end()
        var state = try await target.state(collection: plan.collection)
        while options.waits, !state.isGreen {
            try await Task.sleep(for: .milliseconds(200))
            state = try await target.state(collection: plan.collection)
        }
        return Summary(rows: rows, imported: rows - first, elapsed: elapsed, state: state)
    }

    private func send(rows: Range<Int>, to target: any ImportTarget, _ progress: Progress) async throws {
        var lines: JSONLinesFile?
        if let payloads {
            var opened = try JSONLinesFile(payloads)
            try opened.skip(rows.lowerBound)
            lines = opened
        }
        let collection = plan.collection
        try await withThrowingTaskGroup(of: Int.self) { group in
            var next = rows.lowerBound
            var inFlight = 0
            while next < rows.upperBound || inFlight > 0 {
                while next < rows.upperBound, inFlight < options.batchesInFlight {
                    let batch = try read(rows: next..<min(next + options.batchRows, rows.upperBound), &lines)
                    next += batch.count
                    inFlight += 1
                    group.addTask {
                        try await target.upsert(batch, collection: collection)
                        return batch.count
                    }
                }
                if let count = try await group.next() {
                    inFlight -= 1
                    progress.advance(count)
                }
            }
        }
    }

    private func read(rows: Range<Int>, _ lines: inout JSONLinesFile?) throws(CommandFailure) -> ImportBatch {
        var batch = ImportBatch(
            firstID: options.firstID + UInt64(rows.lowerBound), columns: vectors.header.columns,
            components: try vectors.components(rows: rows), payloads: [])
        if let row = batch.rowWithoutNumber {
            throw CommandFailure(
                code: .dataError, message: "row \(rows.lowerBound + row) of the vectors holds NaN or an infinity")
        }
        guard lines != nil else { return batch }
        batch.payloads.reserveCapacity(rows.count)
        for row in rows {
            guard let payload = try lines?.next() else {
                throw CommandFailure(code: .dataError, message: "\(payloads ?? "") ends before row \(row)")
            }
            batch.payloads.append(payload)
        }
        return batch
    }
}
