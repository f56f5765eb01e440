import QuiverModel

/// Pages of segment files that cannot be read any more, because the disk fails or somebody cut the file off (`MapGuard`).
extension CollectionCore {
    /// Runs a read on one moment, and refuses what it read from pages that were not there.
    func reading<Value>(_ body: (borrowing CollectionReader) throws -> Value) throws -> Value {
        let reader = try reader()
        do {
            let value = try body(reader)
            try checkMaps(reader.view)
            return value
        } catch {
            try checkMaps(reader.view)
            throw error
        }
    }

    /// To be asked after a read and before it is answered: what was read from pages that were not there is worth nothing.
    ///
    /// - Throws: why the collection answers nothing any more.
    func checkMaps(_ view: CollectionView) throws {
        guard MapGuard.faultCount > 0 else { return }
        for vector in view.vectors {
            for sealed in vector.sealed { checkMap(sealed.segment) }
        }
        if let loss { throw loss }
    }

    /// The same of what is about to be written from segments.
    func checkMaps(_ segments: [SealedSegment]) throws {
        guard MapGuard.faultCount > 0 else { return }
        for segment in segments { checkMap(segment) }
        if let loss { throw loss }
    }

    private func checkMap(_ segment: SealedSegment) {
        guard segment.mappedFile.hasLostPages else { return }
        condemn("\(segment.path) cannot be read any more: the disk fails, or the file was cut off while it was open")
    }
}
