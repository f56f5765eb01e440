import CQuiver
import Glibc
import Quiver
import QuiverModel
import QuiverWire

/// Why a call is refused: its status, and the sentence for `quiver_last_error`.
struct Refusal: Error {
    var status: quiver_status
    var message: String

    init(_ status: quiver_status, _ message: String) {
        self.status = status
        self.message = message
    }

    init(_ error: QuiverError) {
        let status =
            switch error.kind {
            case .badInput: QUIVER_ERROR_BAD_INPUT
            case .badRequest: QUIVER_ERROR_BAD_REQUEST
            case .validation: QUIVER_ERROR_VALIDATION
            case .notFound: QUIVER_ERROR_NOT_FOUND
            case .alreadyExists: QUIVER_ERROR_ALREADY_EXISTS
            case .timeout: QUIVER_ERROR_TIMEOUT
            case .forbidden: QUIVER_ERROR_FORBIDDEN
            case .notImplemented: QUIVER_ERROR_NOT_IMPLEMENTED
            case .overloaded, .rateLimited: QUIVER_ERROR_OVERLOADED
            case .insufficientStorage: QUIVER_ERROR_INSUFFICIENT_STORAGE
            case .readOnly: QUIVER_ERROR_READ_ONLY
            case .locked: QUIVER_ERROR_LOCKED
            case .corrupted: QUIVER_ERROR_CORRUPTED
            case .closed: QUIVER_ERROR_CLOSED
            case .service: QUIVER_ERROR_SERVICE
            }
        self.init(status, error.message)
    }

    init(_ error: WireError) {
        let status =
            switch error.status {
            case 404: QUIVER_ERROR_NOT_FOUND
            case 422: QUIVER_ERROR_VALIDATION
            case 500: QUIVER_ERROR_SERVICE
            case 501: QUIVER_ERROR_NOT_IMPLEMENTED
            default: QUIVER_ERROR_BAD_REQUEST
            }
        self.init(status, error.message)
    }

    static func missing(_ argument: StaticString) -> Refusal {
        Refusal(QUIVER_ERROR_ARGUMENT, "\(argument) must not be NULL")
    }
}

/// Runs the body of a call; a refusal becomes the status, and its message the last error of this thread.
@inline(__always)
func answering(_ body: () throws(Refusal) -> Void) -> quiver_status {
    do throws(Refusal) {
        try body()
        return QUIVER_OK
    } catch {
        LastError.set(error.message)
        return error.status
    }
}

@inline(__always)
func engine<Value>(_ body: () throws(QuiverError) -> Value) throws(Refusal) -> Value {
    do throws(QuiverError) {
        return try body()
    } catch {
        throw Refusal(error)
    }
}

@inline(__always)
func decoding<Value>(_ body: () throws(WireError) -> Value) throws(Refusal) -> Value {
    do throws(WireError) {
        return try body()
    } catch {
        throw Refusal(error)
    }
}

/// The message of the last refusal on each thread.
enum LastError {
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        let code = unsafe pthread_key_create(&key) { text in unsafe free(text) }
        precondition(code == 0, "the system refused a key of threads: \(code)")
        return key
    }()

    private static let none: StaticString = ""

    static func set(_ message: String) {
        unsafe free(pthread_getspecific(key))
        _ = unsafe pthread_setspecific(key, strdup(message))
    }

    static var text: UnsafePointer<CChar>? {
        guard let text = unsafe pthread_getspecific(key) else {
            return unsafe UnsafeRawPointer(none.utf8Start).assumingMemoryBound(to: CChar.self)
        }
        return unsafe UnsafePointer(text.assumingMemoryBound(to: CChar.self))
    }
}
