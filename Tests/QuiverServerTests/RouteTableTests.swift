import Testing

@testable import QuiverServer

struct RouteTableTests {
    private let matcher = RouteMatcher()

    @Test func coversEveryDocumentedOperation() {
        #expect(DocumentedOperations.all.count == 69)
        for operation in DocumentedOperations.all + DocumentedOperations.legacy {
            let parts = operation.split(separator: " ")
            guard case .found(let route, _) = matcher.match(Route.Method(rawValue: String(parts[0])), parts[1]) else {
                Issue.record("no route for \(operation)")
                continue
            }
            #expect(route.label == operation)
        }
    }

    @Test func labelsAreUnique() {
        #expect(Set(RouteTable.routes.map(\.label)).count == RouteTable.routes.count)
    }

    @Test func everySentenceNamesWhatIsMissing() {
        for case .unavailable(let what) in RouteTable.routes.map(\.operation) {
            #expect(what.first?.isUppercase == true && what.count > 5)
        }
    }

    @Test(arguments: [
        ("GET", "/collections/", "GET /collections"),
        ("GET", "/", "GET /"),
        ("POST", "/collections/aliases", "POST /collections/aliases"),
        // A collection may be called "aliases".
        ("GET", "/collections/aliases", "GET /collections/{collection_name}"),
        ("POST", "/collections/c/points/search/", "POST /collections/{collection_name}/points/search"),
        ("GET", "/collections/c/points/search", "GET /collections/{collection_name}/points/{id}"),
        ("DELETE", "/collections/c/index/a%2Eb%5B%5D", "DELETE /collections/{collection_name}/index/{field_name}"),
    ])
    func finds(method: String, path: String, label: String) {
        guard case .found(let route, _) = matcher.match(Route.Method(rawValue: method), path) else {
            Issue.record("no route for \(method) \(path)")
            return
        }
        #expect(route.label == label)
    }

    @Test func decodesParameters() {
        guard case .found(_, let parameters) = matcher.match(.delete, "/collections/a%20b/index/%22x%2Fy%22.z%C3%A4")
        else {
            Issue.record("no route")
            return
        }
        #expect(parameters["collection_name"] == "a b")
        #expect(parameters["field_name"] == "\"x/y\".zä")
        #expect(parameters["id"] == nil)
    }

    @Test(arguments: ["/nothing", "/collections//points", "/collections/c/points/1/2", "collections", "//"])
    func unknownPaths(path: String) {
        guard case .notFound = matcher.match(.get, path) else {
            Issue.record("\(path) was found")
            return
        }
    }

    @Test(arguments: ["/collections/%zz", "/collections/%f", "/collections/%ff"])
    func malformedPaths(path: String) {
        guard case .malformed = matcher.match(.get, path) else {
            Issue.record("\(path) was taken")
            return
        }
    }

    @Test(arguments: [
        (Route.Method.delete, "/collections/c/points"), (.post, "/collections/c/points/nothing"), (nil, "/healthz"),
    ])
    func otherMethodsAreUnknown(method: Route.Method?, path: String) {
        guard case .notFound = matcher.match(method, path) else {
            Issue.record("found")
            return
        }
    }

    @Test func percentCodingGoesBothWays() {
        for text in ["", "a", "a b/c?d#e%", "ä€😀", "~-._"] {
            #expect(PercentCoding.decode(PercentCoding.encode(text)) == text)
        }
        #expect(PercentCoding.decode("a+b", plusIsSpace: true) == "a b")
        #expect(PercentCoding.decode("a+b") == "a+b")
    }
}
