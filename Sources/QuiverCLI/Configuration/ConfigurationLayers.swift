import QuiverServer

/// Settings put together from layers: a later layer wins, key by key.
struct ConfigurationLayers: Sendable {
    /// One given value. `text` nil: given as null, which puts the default back.
    struct Entry: Hashable, Sendable {
        var path: String
        var text: String?
        var place: String
    }

    private var winning: [String: Entry] = [:]

    /// Adds a layer on top.
    /// - Throws: `ConfigurationError` for an unknown key.
    mutating func add(_ entries: [Entry]) throws(ConfigurationError) {
        for entry in entries {
            guard SettingKeys.byPath[entry.path] != nil else {
                if SettingKeys.sections.contains(entry.path) {
                    guard entry.text == nil else {
                        throw ConfigurationError(
                            place: entry.place, message: "\(entry.path) is a section, not a value")
                    }
                    continue
                }
                throw Self.unknown(entry)
            }
            winning[entry.path] = entry
        }
    }

    /// - Throws: `ConfigurationError` for a value of the wrong kind, or one that asks for what is not there yet.
    func settings() throws(ConfigurationError) -> Settings {
        var settings = Settings()
        for key in SettingKeys.all {
            guard let entry = winning[key.path], let text = entry.text else { continue }
            if case .refused(let harmless) = key.effect {
                guard harmless.contains(where: { key.means($0, text) }) else {
                    throw ConfigurationError(place: entry.place, message: "\(key.path) is not supported yet")
                }
                continue
            }
            guard let value = key.value(text) else {
                throw ConfigurationError(
                    place: entry.place, message: "\(key.path) has to be \(key.expected), not \"\(text)\"")
            }
            if case .set(let apply) = key.effect { apply(&settings, value) }
        }
        let security = settings.server.security
        if security.acceptsTokens, let entry = winning["service.jwt_rbac"],
            (security.apiKey ?? "").isEmpty, (security.alternativeAPIKey ?? "").isEmpty
        {
            throw ConfigurationError(place: entry.place, message: "service.jwt_rbac needs service.api_key")
        }
        return settings
    }

    /// Sentences about given keys that change nothing.
    var notices: [String] {
        SettingKeys.all.compactMap { key in
            guard case .idle(let reason, let stock) = key.effect, let text = winning[key.path]?.text else { return nil }
            if let stock, key.means(stock, text) { return nil }
            return "\(key.path) has no effect: \(reason)"
        }
    }

    /// Sentences about parts that were asked for and are not there.
    var warnings: [String] {
        SettingKeys.all.compactMap { key in
            guard case .unserved(let sentence, let harmless) = key.effect, let text = winning[key.path]?.text,
                !harmless.contains(where: { key.means($0, text) })
            else { return nil }
            return "\(sentence) \(text) (\(key.path))"
        }
    }

    /// Every key with its value in force, what it means, and where the value comes from.
    var listing: String {
        var lines: [String] = []
        for key in SettingKeys.all {
            let entry = winning[key.path]
            var value = entry?.text ?? key.defaultText ?? "null"
            if key.isSecret, entry?.text?.isEmpty == false { value = "********" }
            lines.append("\(key.path): \(value)  # \(key.about) [\(entry.map(\.place) ?? "default")]")
        }
        return lines.joined(separator: "\n")
    }

    private static func unknown(_ entry: Entry) -> ConfigurationError {
        let names = SettingKeys.all.map(\.path) + SettingKeys.sections.sorted()
        let nearest = NearestName.of(entry.path, among: names)
        let hint = nearest.map { "; the nearest is \($0)" } ?? ""
        return ConfigurationError(place: entry.place, message: "unknown key \(entry.path)\(hint)")
    }
}
