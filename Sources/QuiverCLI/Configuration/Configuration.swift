/// Where settings come from, in order: built-in defaults, `config/config.yaml`, the file given by `--config`, the
/// environment, flags.
enum Configuration {
    static let defaultFile = "config/config.yaml"

    /// - Parameters:
    ///   - file: from `--config`; it has to exist.
    ///   - flags: values of command-line flags by key.
    ///   - readFile: the text of a file, nil when there is none.
    static func load(
        file: String?, environment: [String: String], flags: [ConfigurationLayers.Entry],
        readFile: (String) throws -> String? = TextFile.read
    ) throws -> ConfigurationLayers {
        var layers = ConfigurationLayers()
        if let text = try readFile(defaultFile) { try layers.add(YAMLLayer.entries(text, file: defaultFile)) }
        if let file {
            guard let text = try readFile(file) else {
                throw ConfigurationError(place: "--config", message: "there is no file \(file)")
            }
            try layers.add(YAMLLayer.entries(text, file: file))
        }
        try layers.add(EnvironmentLayer.entries(environment))
        try layers.add(flags)
        return layers
    }
}
