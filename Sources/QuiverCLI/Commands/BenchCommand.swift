import ArgumentParser

/// Measures: each way of measuring is a command of its own.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure a server.",
        discussion: """
            Examples:
              quiver bench load query --url http://localhost:6333 --collection products --vectors queries.npy
            """,
        subcommands: [BenchLoadCommand.self])
}
