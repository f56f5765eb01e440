/// One line of the interface.
package struct Route: Sendable {
    package enum Method: String, Hashable, Sendable, CaseIterable {
        case get = "GET"
        case put = "PUT"
        case post = "POST"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    /// How the answer compares with Qdrant's, for docs/COMPATIBILITY.md.
    package enum Compatibility: Hashable, Sendable {
        /// As in Qdrant; the text says what is worth saying all the same.
        case same(String? = nil)
        case differs(String)
        case refused(String)
    }

    /// How bodies that may be long travel.
    package enum Transfer: Hashable, Sendable {
        /// As a whole, in memory.
        case none
        /// The answer may be streamed, and asked for in parts.
        case download
        /// The body of the request is read while it comes, and may be of any length.
        case upload
    }

    package var method: Method
    /// Segments between slashes; `{name}` takes one segment, percent-decoded.
    package var pattern: String
    package var operation: Operation
    package var access: AccessClass
    /// Those behind the `?` that are read; others are ignored.
    package var parameters: ParameterNames
    /// Whether `/metrics` tells of its requests. Qdrant has a list of such routes; `/telemetry` tells of all.
    package var isMeasured: Bool
    package var compatibility: Compatibility
    package var transfer = Transfer.none

    /// The name of the route in metrics and logs: no values, so that there are few of them.
    package let label: String

    package init(
        _ method: Method, _ pattern: String, _ operation: Operation, _ access: AccessClass,
        _ parameters: ParameterNames = [], isMeasured: Bool = false, _ compatibility: Compatibility = .same()
    ) {
        self.method = method
        self.pattern = pattern
        self.operation = operation
        self.access = access
        self.parameters = parameters
        self.isMeasured = isMeasured
        self.compatibility = compatibility
        label = method.rawValue + " " + pattern
    }

    /// The same with streamed bodies.
    func streaming(_ transfer: Transfer) -> Route {
        var route = self
        route.transfer = transfer
        return route
    }

    /// One that reads no parameters.
    package init(
        _ method: Method, _ pattern: String, _ operation: Operation, _ access: AccessClass, _ compatibility: Compatibility
    ) {
        self.init(method, pattern, operation, access, [], compatibility)
    }

    /// A route of Qdrant's that is not there yet. `what` begins the sentence "… is not supported yet".
    static func missing(
        _ method: Method, _ pattern: String, _ what: String, _ access: AccessClass, _ parameters: ParameterNames = [],
        isMeasured: Bool = false
    ) -> Route {
        Route(
            method, pattern, .unavailable(what), access, parameters, isMeasured: isMeasured,
            .refused("501: \(what) is not supported yet"))
    }

    /// A route that needs a cluster: Qdrant refuses it just so when it runs alone.
    static func clusterOnly(
        _ method: Method, _ pattern: String, _ access: AccessClass, _ parameters: ParameterNames = []
    ) -> Route {
        Route(method, pattern, .clusterOnly, access, parameters, .same("405, which is Qdrant's answer without clustering"))
    }
}

/// The parameters behind the `?` that the interface knows, by their names.
package struct ParameterNames: OptionSet, Hashable, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    static let wait = ParameterNames(rawValue: 1 << 0)
    static let ordering = ParameterNames(rawValue: 1 << 1)
    static let timeout = ParameterNames(rawValue: 1 << 2)
    static let consistency = ParameterNames(rawValue: 1 << 3)
    static let anonymize = ParameterNames(rawValue: 1 << 4)
    static let detailsLevel = ParameterNames(rawValue: 1 << 5)
    static let perCollection = ParameterNames(rawValue: 1 << 6)
    static let with = ParameterNames(rawValue: 1 << 7)
    static let completedLimit = ParameterNames(rawValue: 1 << 8)
    static let limit = ParameterNames(rawValue: 1 << 9)
    static let request = ParameterNames(rawValue: 1 << 10)
    static let force = ParameterNames(rawValue: 1 << 11)
    static let priority = ParameterNames(rawValue: 1 << 12)
    static let checksum = ParameterNames(rawValue: 1 << 13)
    static let after = ParameterNames(rawValue: 1 << 14)

    /// Of an update of a collection.
    static let update: ParameterNames = [.wait, .ordering, .timeout]
    /// Of a read of points.
    static let read: ParameterNames = [.consistency, .timeout]
    /// Of `/metrics` and `/telemetry`.
    static let report: ParameterNames = [.anonymize, .detailsLevel, .perCollection]

    static let spellings: [(name: String, parameter: ParameterNames)] = [
        ("wait", .wait), ("ordering", .ordering), ("timeout", .timeout), ("consistency", .consistency),
        ("anonymize", .anonymize), ("details_level", .detailsLevel), ("per_collection", .perCollection),
        ("with", .with), ("completed_limit", .completedLimit), ("limit", .limit), ("request", .request),
        ("force", .force), ("priority", .priority), ("checksum", .checksum), ("after", .after),
    ]

    package var names: [String] { Self.spellings.filter { contains($0.parameter) }.map(\.name) }
}
