import QuiverModel

/// What is written has a number for its format. What has another number than this version knows is refused with both
/// numbers, before anything is changed or taken for damage; `docs/FORMAT.md` says when a number is raised.
enum KnownFormat {
    /// - Parameter what: that has a format, as a message begins with it.
    static func check<Number: UnsignedInteger>(_ what: String, _ found: Number, _ known: Number) throws(QuiverError) {
        guard found == known else {
            throw QuiverError(.corrupted, "\(what) has format \(found); this version reads format \(known)")
        }
    }
}
