import Foundation
import Testing

@testable import QuiverServer

/// The table of routes against Qdrant's interface description, where that is at hand: at `QUIVER_OPENAPI`, or as
/// `qdrant-openapi-1.19.json` in a folder beside the package.
struct SchemaDocumentTests {
    private static let document: Data? = {
        if let given = ProcessInfo.processInfo.environment["QUIVER_OPENAPI"] {
            return try? Data(contentsOf: URL(filePath: given))
        }
        let around = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..").standardized
        let folders = (try? FileManager.default.contentsOfDirectory(at: around, includingPropertiesForKeys: nil)) ?? []
        return folders.lazy.compactMap { try? Data(contentsOf: $0.appending(path: "qdrant-openapi-1.19.json")) }.first
    }()

    @Test(.enabled(if: document != nil))
    func everyDocumentedOperationHasItsRouteAndParameters() throws {
        let data = try #require(Self.document)
        let root = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        let paths = try #require(root["paths"] as? [String: [String: Any]])
        let routes = Dictionary(uniqueKeysWithValues: RouteTable.routes.map { ($0.label, $0) })
        var seen: Set<String> = []
        for (path, operations) in paths {
            for (method, operation) in operations {
                let label = method.uppercased() + " " + path
                seen.insert(label)
                guard let route = routes[label] else {
                    Issue.record("no route for \(label)")
                    continue
                }
                let parameters = (operation as? [String: Any])?["parameters"] as? [[String: Any]] ?? []
                let names = parameters.filter { $0["in"] as? String == "query" }.compactMap { $0["name"] as? String }
                #expect(Set(route.parameters.names) == Set(names), "\(label)")
            }
        }
        #expect(seen.count == DocumentedOperations.all.count)
        #expect(seen == Set(DocumentedOperations.all))
    }
}
