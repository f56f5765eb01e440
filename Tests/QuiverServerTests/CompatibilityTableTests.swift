import Foundation
import QuiverServer
import Testing

/// docs/COMPATIBILITY.md lists every route, each once, and says of it what the table of routes says.
@Suite struct CompatibilityTableTests {
    /// By label: what the table says.
    private static func documented() throws -> [String: String] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/COMPATIBILITY.md")
        let row = #/\| `(?<label>[A-Z]+ /[^`]*)` \| (?<state>[^|]+) \|.*/#
        var states: [String: String] = [:]
        for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
            guard let match = line.wholeMatch(of: row) else { continue }
            let label = String(match.label)
            #expect(states[label] == nil, "\(label) is listed twice")
            states[label] = String(match.state)
        }
        return states
    }

    @Test func everyRouteIsListed() throws {
        let listed = Set(try Self.documented().keys)
        let routes = Set(RouteTable.routes.map(\.label))
        #expect(routes.subtracting(listed).isEmpty, "not in docs/COMPATIBILITY.md")
        #expect(listed.subtracting(routes).isEmpty, "not in the table of routes")
    }

    @Test func everyStateIsTrue() throws {
        let states = try Self.documented()
        for route in RouteTable.routes {
            let possible =
                switch route.operation {
                case .unavailable: ["not yet"]
                case .clusterOnly: ["refused"]
                case .clusterStatus, .issues, .clearIssues: ["fixed"]
                default: ["same", "partly"]
                }
            #expect(possible.contains(states[route.label] ?? "missing"), "\(route.label)")
        }
    }
}
