import ArgumentParser

/// The exit codes of `sysexits.h` that Quiver uses.
extension ExitCode {
    static let usage = ExitCode(64)
    static let dataError = ExitCode(65)
    static let noInput = ExitCode(66)
    static let unavailable = ExitCode(69)
    static let software = ExitCode(70)
    static let cannotCreate = ExitCode(73)
    static let inputOutput = ExitCode(74)
    static let temporaryFailure = ExitCode(75)
    static let configuration = ExitCode(78)
    /// As shells have it for SIGINT.
    static let interrupted = ExitCode(130)
}

/// A command that ends with one clear sentence on standard error and an exit code.
struct CommandFailure: Error {
    var code: ExitCode
    var message: String
}
