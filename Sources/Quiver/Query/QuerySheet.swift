import Synchronization

import QuiverModel

/// Many queries of one shape that several threads take from, one after the other.
@safe final class QuerySheet: @unchecked Sendable {
    // @unchecked: each index is taken by one thread, which reads its vector and writes its places.
    private let query: NearestQuery
    private let vectors: UnsafePointer<Float>
    private let count: Int
    private let target: AnswerColumns
    private let found: UnsafeMutablePointer<Int>
    private let next = Atomic(0)
    private let failure = Mutex<QuiverError?>(nil)

    init(
        _ query: NearestQuery, _ vectors: UnsafePointer<Float>, count: Int, _ target: AnswerColumns,
        _ found: UnsafeMutablePointer<Int>
    ) {
        self.query = query
        unsafe self.vectors = vectors
        self.count = count
        self.target = target
        unsafe self.found = found
    }

    /// The next query that nobody has taken; nil when there is none.
    func take() -> Int? {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        return index < count ? index : nil
    }

    func answer(_ index: Int, _ reader: borrowing CollectionReader) throws {
        unsafe found[index] = try reader.nearest(query, vectors + index * query.dimension, at: index, target)
    }

    /// The first failure counts; nobody takes any more after it.
    func fail(_ error: QuiverError) {
        failure.withLock { if $0 == nil { $0 = error } }
        next.store(count, ordering: .relaxed)
    }

    var error: QuiverError? { failure.withLock { $0 } }
}
