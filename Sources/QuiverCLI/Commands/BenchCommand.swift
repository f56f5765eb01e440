import ArgumentParser

/// Measures: each way of measuring is a command of its own.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure a server, or the engine without one.",
        discussion: """
            Examples:
              quiver bench load query --url http://localhost:6333 --collection products --vectors queries.npy
              quiver bench ann --vectors products.npy --queries queries.npy --ef 16,32,64,128
            """,
        subcommands: [BenchLoadCommand.self, BenchANNCommand.self])
}
