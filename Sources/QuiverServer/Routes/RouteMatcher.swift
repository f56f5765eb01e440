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
        /// Few each: looking through them is faster than hashing.
        var literals: [(segment: [UInt8], node: Int)] = []
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
            let bytes = Array(segment.utf8)
            if segment.hasPrefix("{"), segment.hasSuffix("}") {
                names.append(String(segment.dropFirst().dropLast()))
                if let next = nodes[node].parameter {
                    node = next
                } else {
                    nodes.append(Node())
                    nodes[node].parameter = nodes.count - 1
                    node = nodes.count - 1
                }
            } else if let next = nodes[node].literals.first(where: { $0.segment == bytes })?.node {
                node = next
            } else {
                nodes.append(Node())
                nodes[node].literals.append((bytes, nodes.count - 1))
                node = nodes.count - 1
            }
        }
        precondition(!nodes[node].routes.contains { $0.route.method == route.method }, "two routes for \(route.label)")
        nodes[node].routes.append((route, names))
    }

    /// `path` as received: still percent-encoded, without the query. `method` is nil for one that no route has.
    package func match(_ method: Route.Method?, _ path: some StringProtocol) -> Match {
        guard path.utf8.first == PathSegments.slash else { return .notFound }
        guard let segments = PathSegments(path) else { return .malformed }
        guard let method else { return .notFound }
        var values: [Int] = []
        guard let (node, route) = find(method, segments, 0, node: 0, values: &values) else { return .notFound }
        let (found, names) = nodes[node].routes[route]
        return .found(found, PathParameters(names: names, values: values.map { segments.text($0) }))
    }

    /// The node, and which of its routes. `values`: the segments that parameters take.
    private func find(
        _ method: Route.Method, _ segments: PathSegments, _ index: Int, node: Int, values: inout [Int]
    ) -> (node: Int, route: Int)? {
        guard index < segments.ranges.count else {
            return nodes[node].routes.firstIndex { $0.route.method == method }.map { (node, $0) }
        }
        if let next = nodes[node].literals.first(where: { segments.isEqual(index, $0.segment) })?.node,
            let found = find(method, segments, index + 1, node: next, values: &values)
        {
            return found
        }
        guard let next = nodes[node].parameter, !segments.ranges[index].isEmpty else { return nil }
        values.append(index)
        if let found = find(method, segments, index + 1, node: next, values: &values) { return found }
        values.removeLast()
        return nil
    }
}

/// A path, decoded and cut at its slashes.
private struct PathSegments {
    static let slash = UInt8(ascii: "/")

    private let bytes: [UInt8]
    private(set) var ranges: [Range<Int>] = []

    /// Nil when it cannot be decoded. The path begins with a slash.
    init?(_ path: some StringProtocol) {
        let raw = Array(path.utf8)
        ranges.reserveCapacity(8)
        if raw.contains(UInt8(ascii: "%")) {
            // A decoded segment may hold a slash, so it is decoded after cutting.
            var decoded: [UInt8] = []
            for segment in path.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
                guard let text = PercentCoding.decode(segment) else { return nil }
                let start = decoded.count
                decoded += text.utf8
                ranges.append(start..<decoded.count)
            }
            bytes = decoded
        } else {
            var start = 1
            for index in 1..<raw.count where raw[index] == Self.slash {
                ranges.append(start..<index)
                start = index + 1
            }
            ranges.append(start..<raw.count)
            bytes = raw
        }
        if ranges.last?.isEmpty == true { ranges.removeLast() }
    }

    func isEqual(_ index: Int, _ segment: [UInt8]) -> Bool {
        let range = ranges[index]
        guard range.count == segment.count else { return false }
        for offset in 0..<segment.count where bytes[range.lowerBound + offset] != segment[offset] { return false }
        return true
    }

    func text(_ index: Int) -> String { String(decoding: bytes[ranges[index]], as: UTF8.self) }
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
