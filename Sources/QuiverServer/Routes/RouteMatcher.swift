/// Finds the route of a method and path: a tree over path segments, built once from the table.
///
/// A literal segment wins over a parameter, and the search goes back to the parameter when the
/// literal leads nowhere. One slash at the end of a path is ignored. A method that a path does not have makes the path
/// unknown, as in Qdrant.
package struct RouteMatcher: Sendable {
    package enum Match: Sendable {
        case found(Route, PathParameters)
        case notFound
        /// A percent sequence that is not UTF-8.
        case malformed
    }

    private struct Node: Sendable {
        var literals: [String: Int] = [:]
        /// Child for any segment.
        var parameter: Int?
        var routes: [(route: Route, parameterNames: [String])] = []
    }

    private var nodes: [Node] = [Node()]

    package init(_ routes: [Route] = RouteTable.routes) {
        for route in routes { insert(route) }
    }

    private mutating func insert(_ route: Route) {
        var node = 0
        var names: [String] = []
        for segment in route.pattern.split(separator: "/") {
            if segment.hasPrefix("{"), segment.hasSuffix("}") {
                names.append(String(segment.dropFirst().dropLast()))
                if let next = nodes[node].parameter {
                    node = next
                } else {
                    nodes.append(Node())
                    nodes[node].parameter = nodes.count - 1
                    node = nodes.count - 1
                }
            } else if let next = nodes[node].literals[String(segment)] {
                node = next
            } else {
                nodes.append(Node())
                nodes[node].literals[String(segment)] = nodes.count - 1
                node = nodes.count - 1
            }
        }
        precondition(!nodes[node].routes.contains { $0.route.method == route.method }, "two routes for \(route.label)")
        nodes[node].routes.append((route, names))
    }

    /// `path` as received: still percent-encoded, without the query. `method` is nil for one that no route has.
    package func match(_ method: Route.Method?, _ path: some StringProtocol) -> Match {
        var segments: [String] = []
        var raw = path.split(separator: "/", omittingEmptySubsequences: false)
        guard raw.first?.isEmpty == true else { return .notFound }
        raw.removeFirst()
        if raw.last?.isEmpty == true { raw.removeLast() }
        segments.reserveCapacity(raw.count)
        for segment in raw {
            guard let decoded = PercentCoding.decode(segment) else { return .malformed }
            segments.append(decoded)
        }
        guard let method else { return .notFound }
        var values: [String] = []
        guard let (route, names) = find(method, segments[...], node: 0, values: &values) else { return .notFound }
        return .found(route, PathParameters(names: names, values: values))
    }

    private func find(
        _ method: Route.Method, _ rest: ArraySlice<String>, node: Int, values: inout [String]
    ) -> (Route, [String])? {
        guard let segment = rest.first else { return nodes[node].routes.first { $0.route.method == method } }
        if let next = nodes[node].literals[segment],
            let found = find(method, rest.dropFirst(), node: next, values: &values)
        {
            return found
        }
        guard let next = nodes[node].parameter, !segment.isEmpty else { return nil }
        values.append(segment)
        if let found = find(method, rest.dropFirst(), node: next, values: &values) { return found }
        values.removeLast()
        return nil
    }
}

/// The decoded values of a pattern's braces.
package struct PathParameters: Sendable {
    private var names: [String]
    private var values: [String]

    init(names: [String], values: [String]) {
        self.names = names
        self.values = values
    }

    package subscript(_ name: String) -> String? {
        guard let index = names.firstIndex(of: name), index < values.count else { return nil }
        return values[index]
    }
}
