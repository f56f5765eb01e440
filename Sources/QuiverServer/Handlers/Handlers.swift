import Logging
import NIOCore
import Quiver
import QuiverModel
import QuiverWire

/// The handlers of all operations. One extension per group of routes.
struct Handlers: Sendable {
    let database: Database
    let options: ServerOptions
    let logger: Logger

    /// - Throws: `Rejection`.
    func answer(_ call: Call) async throws(Rejection) -> Answer {
        do throws(QuiverError) {
            return switch call.route.operation {
            case .root: root()
            case .health: .text("healthz check passed")
            case .ready: .text("all shards are ready")
            default: throw QuiverError.notImplemented("nothing")
            }
        } catch {
            throw ErrorAnswer.rejection(error)
        }
    }
}
