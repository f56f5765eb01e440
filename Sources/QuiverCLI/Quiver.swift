import ArgumentParser

@main
struct QuiverCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "quiver", version: "0.1.0")
}
