import QuiverModel

// Queries may take vectors and points from other collections than that of their path; a caller has to be allowed to
// read those, too.

extension Prefetch {
    var lookups: [String] { (lookupFrom.map { [$0.collection] } ?? []) + prefetch.flatMap(\.lookups) }
}

extension QueryRequest {
    var lookups: [String] { (lookupFrom.map { [$0.collection] } ?? []) + prefetch.flatMap(\.lookups) }
}

extension GroupsRequest {
    var lookups: [String] { query.lookups + (withLookup.map { [$0.collection] } ?? []) }
}

extension Handlers {
    func checkLookups(_ collections: @autoclosure () -> [String], _ call: Call) throws(QuiverError) {
        guard case .collections = call.access else { return }
        for collection in collections() where !call.access.sees(collection) {
            throw QuiverError(.forbidden, "Access to collection \(collection) is required")
        }
    }
}
