import Yams

/// Values from a YAML file in Qdrant's layout: nested mappings, scalars at the leaves.
enum YAMLLayer {
    /// - Parameter file: the name for messages.
    /// - Throws: `ConfigurationError` for text that is not YAML, a repeated key, or a list.
    static func entries(_ text: String, file: String) throws(ConfigurationError) -> [ConfigurationLayers.Entry] {
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch {
            throw ConfigurationError(place: file, message: "not YAML: \(describe(error))")
        }
        guard let root, !isNull(root) else { return [] }
        var entries: [ConfigurationLayers.Entry] = []
        try walk(root, path: "", file: file, into: &entries)
        return entries
    }

    private static func walk(
        _ node: Node, path: String, file: String, into entries: inout [ConfigurationLayers.Entry]
    ) throws(ConfigurationError) {
        let place = node.mark.map { "\(file):\($0.line):\($0.column)" } ?? file
        switch node {
        case .mapping(let mapping):
            var seen: Set<String> = []
            for (key, value) in mapping {
                guard let name = key.string else {
                    throw ConfigurationError(place: place, message: "a key has to be text")
                }
                let keyPlace = key.mark.map { "\(file):\($0.line):\($0.column)" } ?? file
                let inner = path.isEmpty ? name : path + "." + name
                guard seen.insert(name).inserted else {
                    throw ConfigurationError(place: keyPlace, message: "\(inner) is given twice")
                }
                if case .mapping = value {
                    // A section that does not exist is told by its own name, not by that of its first key.
                    guard SettingKeys.sections.contains(inner) || SettingKeys.byPath[inner] != nil else {
                        entries.append(.init(path: inner, text: "", place: keyPlace))
                        continue
                    }
                    switch SettingKeys.byPath[inner]?.effect {
                    case nil: break
                    case .refused, .idle:
                        // What a part that is not there would look like inside does not matter.
                        entries.append(.init(path: inner, text: "{…}", place: keyPlace))
                        continue
                    case .set, .unserved:
                        throw ConfigurationError(place: keyPlace, message: "\(inner) is a value, not a section")
                    }
                    try walk(value, path: inner, file: file, into: &entries)
                } else if case .sequence = value {
                    throw ConfigurationError(place: keyPlace, message: "\(inner) cannot be a list")
                } else {
                    entries.append(.init(path: inner, text: isNull(value) ? nil : value.string, place: keyPlace))
                }
            }
        default:
            throw ConfigurationError(place: place, message: "the file has to be a mapping of sections")
        }
    }

    /// Null is an empty plain scalar, `~` or `null`; the same in quotes is text.
    private static func isNull(_ node: Node) -> Bool {
        guard case .scalar(let scalar) = node, scalar.style == .plain || scalar.style == .any else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    private static func describe(_ error: any Error) -> String {
        "\(error)".split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}
