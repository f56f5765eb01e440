import QuiverModel

/// What requests pass before anything of them is done.
extension CollectionCore {
    /// - Parameters:
    ///   - cost: of the tokens of reads.
    ///   - check: everything about the request itself.
    @inline(__always)
    func admitRead(
        _ timeout: Duration?, cost: @autoclosure () -> Int,
        _ check: (StrictModeCheck) throws(QuiverError) -> Void
    ) throws(QuiverError) {
        guard let limits = strictMode.limits else { return }
        let checks = StrictModeCheck(limits: limits, core: self)
        try check(checks)
        try checks.timeout(timeout)
        try strictMode.takeReads(cost())
    }

    @inline(__always)
    func admit(_ operations: [UpdateOperation]) throws(QuiverError) {
        guard let limits = strictMode.limits else { return }
        try StrictModeCheck(limits: limits, core: self).updates(operations)
        guard limits.writeRateLimit != nil else { return }
        var cost = 0
        for operation in operations {
            cost += try RateCost.update(operation) { filter throws(QuiverError) in
                do {
                    let reader = try self.reader()
                    return try reader.resolver.roughEstimate(filter)
                } catch {
                    throw QuiverError(wrapping: error)
                }
            }
        }
        try strictMode.takeWrites(cost)
    }

    /// A new index on a field.
    func admitIndex(on field: PayloadPath) throws(QuiverError) {
        guard let limits = strictMode.limits else { return }
        try StrictModeCheck(limits: limits, core: self).createIndex(field)
        try strictMode.takeWrites(1)
    }

    /// An update that changes no points.
    func admitSmallWrite() throws(QuiverError) {
        if strictMode.limits != nil { try strictMode.takeWrites(1) }
    }
}
