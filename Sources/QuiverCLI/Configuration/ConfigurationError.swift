/// What is wrong with the configuration, and where: one sentence for standard error.
struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// "config.yaml:3:5", "environment variable QUIVER__SERVICE__HOST", "--port".
    var place: String
    var message: String

    var description: String { "\(place): \(message)" }
}
