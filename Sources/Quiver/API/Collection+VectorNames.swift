public import QuiverModel

extension Collection {
    /// Adds a vector name while the collection is in use; no point has a vector under it at first. The very same
    /// configuration again is fine.
    ///
    /// - Throws: `.badInput` where the name has another configuration.
    @discardableResult
    public func createVectorName(
        _ name: String, _ config: VectorNameConfig, wait: Bool = true, timeout: Duration? = nil
    ) async throws(QuiverError) -> UpdateResult {
        try Collection.check(name, config)
        return try await changingVectorNames(wait: wait, timeout: timeout) { change throws(QuiverError) in
            try change.create(name, config)
        }
    }

    /// Drops a vector name with the data of all points under it. One that does not exist is fine.
    @discardableResult
    public func dropVectorName(
        _ name: String, wait: Bool = true, timeout: Duration? = nil
    ) async throws(QuiverError) -> UpdateResult {
        try await changingVectorNames(wait: wait, timeout: timeout) { change throws(QuiverError) in
            try change.drop(name)
        }
    }

    /// The same for callers that may block.
    @discardableResult
    public func createVectorNameBlocking(
        _ name: String, _ config: VectorNameConfig
    ) throws(QuiverError) -> UpdateResult {
        try Collection.check(name, config)
        let sequence = try database.changeVectorNames(core) { change throws(QuiverError) in
            try change.create(name, config)
        }
        return UpdateResult(operationID: sequence, status: .completed)
    }

    @discardableResult
    public func dropVectorNameBlocking(_ name: String) throws(QuiverError) -> UpdateResult {
        let sequence = try database.changeVectorNames(core) { change throws(QuiverError) in try change.drop(name) }
        return UpdateResult(operationID: sequence, status: .completed)
    }

    private func changingVectorNames(
        wait: Bool, timeout: Duration?,
        _ change: @escaping @Sendable (VectorNameChange) throws(QuiverError) -> VectorNameChange.Outcome
    ) async throws(QuiverError) -> UpdateResult {
        let answer = Answer<UInt64>()
        let refusal = database.workers.submit { [self] in
            do throws(QuiverError) {
                answer.give(.success(try database.changeVectorNames(core, change)))
            } catch {
                answer.give(.failure(error))
            }
        }
        if let refusal { throw refusal }
        return try await result(answer, wait: wait, timeout: timeout)
    }

    private static func check(_ name: String, _ config: VectorNameConfig) throws(QuiverError) {
        guard name.utf8.count <= Limits.vectorNameBytes else {
            throw .validation("the name of a vector has at most \(Limits.vectorNameBytes) bytes")
        }
        guard case .dense(let params) = config else { return }
        guard (1...Limits.vectorSize).contains(params.size) else {
            throw .validation("size: value \(params.size) invalid, must be from 1 to \(Limits.vectorSize)")
        }
    }
}
