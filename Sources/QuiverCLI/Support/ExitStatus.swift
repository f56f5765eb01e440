import ArgumentParser

/// The exit codes of all commands: those of `sysexits.h`, and two that shells and `diff` made usual.
extension ExitCode {
    /// Everything was done, and what was checked is not as it should be: damage, or a copy that differs.
    static let differs = ExitCode(1)
    static let usage = ExitCode(64)
    static let dataError = ExitCode(65)
    static let noInput = ExitCode(66)
    static let unavailable = ExitCode(69)
    static let software = ExitCode(70)
    static let cannotCreate = ExitCode(73)
    static let inputOutput = ExitCode(74)
    static let temporaryFailure = ExitCode(75)
    /// The key is missing or wrong, or does not allow this.
    static let noPermission = ExitCode(77)
    static let configuration = ExitCode(78)
    /// As shells have it for SIGINT.
    static let interrupted = ExitCode(130)
}

/// A command that ends with one clear sentence on standard error and an exit code.
struct CommandFailure: Error {
    var code: ExitCode
    var message: String
}
