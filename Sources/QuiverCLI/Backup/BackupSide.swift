import ArgumentParser

/// The other side of a backup: a storage directory, or a running server.
struct BackupSide: ParsableArguments {
    @Option(
        help: ArgumentHelp("A storage directory that no server has open.", valueName: "dir"), completion: .directory)
    var storage: String?

    @Option(help: ArgumentHelp("A running server, as http://host:port.", valueName: "url"))
    var server: String?

    @Option(help: "The server's API key; else QUIVER_API_KEY.")
    var apiKey: String?

    enum Choice {
        case storage(String)
        case server(String, apiKey: String?)
    }

    func validate() throws { _ = try choice() }

    func choice() throws -> Choice {
        switch (storage, server) {
        case (let storage?, nil): .storage(storage)
        case (nil, let server?): .server(server, apiKey: apiKey)
        default: throw ValidationError("Give either --storage or --server.")
        }
    }
}
