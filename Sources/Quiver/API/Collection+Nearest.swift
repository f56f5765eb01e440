package import QuiverModel

/// What several queries of one shape share: everything but the vector.
package struct NearestQuery: Sendable {
    package var vectorName = ""
    /// Components of the vectors that come with it.
    package var dimension: Int
    package var limit: Int
    package var filter: Filter?
    package var params = SearchParams()

    package init(dimension: Int, limit: Int) {
        self.dimension = dimension
        self.limit = limit
    }
}

/// Where answers go as columns: `limit` places for each query in arrays of the caller.
@safe package struct AnswerColumns: @unchecked Sendable {
    // @unchecked: each query has places of its own.
    let ids: UnsafeMutablePointer<UInt64>
    let scores: UnsafeMutablePointer<Float>?

    /// - Parameter scores: nil when they are not wanted.
    package init(ids: UnsafeMutablePointer<UInt64>, scores: UnsafeMutablePointer<Float>?) {
        unsafe self.ids = ids
        unsafe self.scores = scores
    }
}

extension QuiverError {
    /// An answer of numbers has no room for a UUID.
    package static let idIsNoNumber = QuiverError(
        .badRequest, "a point of the answer has a UUID: ask in a way that answers ids of both kinds")
}

/// Queries on the calling thread, without anything made for the answer.
extension Collection {
    /// The points nearest to `vector`, into the first places of `target`.
    ///
    /// - Parameter vector: `query.dimension` floats.
    /// - Returns: how many there are, at most `query.limit`.
    package func nearestBlocking(
        _ query: NearestQuery, _ vector: UnsafePointer<Float>, into target: AnswerColumns
    ) throws(QuiverError) -> Int {
        try admit(query, count: 1)
        return try reading { reader in unsafe try reader.nearest(query, vector, at: 0, target) }
    }

    /// The same for `count` vectors, one after the other, on up to `threads` threads: the calling one and workers of
    /// the database that are idle. Those of one thread see one moment of the collection.
    ///
    /// - Parameters:
    ///   - threads: 0 for as many as there are workers.
    ///   - found: `count` numbers of answers; those to query `i` begin at place `i * query.limit`.
    package func nearestManyBlocking(
        _ query: NearestQuery, _ vectors: UnsafePointer<Float>, count: Int, threads: Int, into target: AnswerColumns,
        found: UnsafeMutablePointer<Int>
    ) throws(QuiverError) {
        try admit(query, count: count)
        let wanted = threads > 0 ? threads : database.workers.count
        let sheet = unsafe QuerySheet(query, vectors, count: count, target, found)
        database.workers.share(among: min(wanted, count)) { [self] in
            do throws(QuiverError) {
                try reading { reader in
                    while let index = sheet.take() { try sheet.answer(index, reader) }
                }
            } catch {
                sheet.fail(error)
            }
        }
        if let error = sheet.error { throw error }
    }

    private func admit(_ query: NearestQuery, count: Int) throws(QuiverError) {
        try core.admitRead(nil, cost: count * RateCost.filtered(query.filter)) { check throws(QuiverError) in
            try check.query(
                QueryRequest(
                    query: .nearest(.dense([])), using: query.vectorName, filter: query.filter, params: query.params,
                    limit: query.limit))
        }
    }
}
