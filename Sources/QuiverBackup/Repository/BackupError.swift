package import QuiverModel

/// Why a backup, or anything with one, did not succeed.
package enum BackupError: Error, Sendable {
    /// The place for backups.
    case store(ObjectStoreError)
    /// The directory or server that is saved or restored.
    case database(QuiverError)
    /// What is asked for is not there, or cannot be done as it is asked.
    case request(String)
    /// A wrong key, none, or one too many.
    case key(String)
    /// Something in the repository is not what it was; each with its name and what is lost.
    case damaged([String])
    /// Another process works on the repository.
    case busy(String)
    /// A collection or an alias is in the way.
    case conflict(String)
    case server(String)
    /// Whoever was told of the progress wants no more.
    case stopped(any Error)

    init(wrapping error: any Error) {
        switch error {
        case let error as BackupError: self = error
        case let error as ObjectStoreError:
            if case .caller(let inner) = error { self = BackupError(wrapping: inner) } else { self = .store(error) }
        case let error as QuiverError: self = .database(error)
        case let error as ServerBusy: self = .server(error.sentence)
        case let error as WebFailure: self = .server("\(error)")
        default: self = .stopped(error)
        }
    }
}

extension BackupError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .store(let error): "\(error)"
        case .database(let error): error.message
        case .request(let text), .key(let text), .busy(let text), .conflict(let text), .server(let text): text
        case .stopped(let error): "\(error)"
        case .damaged(let list): list.joined(separator: "\n")
        }
    }
}

/// A server has too much to do just now; a moment later it may be otherwise.
struct ServerBusy: Error {
    var sentence: String
}
