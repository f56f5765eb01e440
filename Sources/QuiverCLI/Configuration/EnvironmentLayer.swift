/// Values from `QDRANT__SECTION__KEY` and `QUIVER__SECTION__KEY`, in any case; `QUIVER` wins.
enum EnvironmentLayer {
    static func entries(_ environment: [String: String]) -> [ConfigurationLayers.Entry] {
        ["qdrant__", "quiver__"].flatMap { prefix in
            environment.sorted { $0.key < $1.key }.compactMap { name, value in
                let lowered = name.lowercased()
                guard lowered.hasPrefix(prefix), lowered.count > prefix.count else { return nil }
                let path = separated(lowered.dropFirst(prefix.count)).joined(separator: ".")
                return ConfigurationLayers.Entry(path: path, text: value, place: "environment variable \(name)")
            }
        }
    }

    /// Splits at double underscores only: single ones belong to names.
    private static func separated(_ text: Substring) -> [String] {
        var parts: [String] = []
        var current = ""
        var rest = text[...]
        while let character = rest.first {
            if rest.hasPrefix("__") {
                parts.append(current)
                current = ""
                rest = rest.dropFirst(2)
            } else {
                current.append(character)
                rest.removeFirst()
            }
        }
        return parts + [current]
    }
}
