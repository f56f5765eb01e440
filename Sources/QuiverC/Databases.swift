public import CQuiver
import Glibc
import Quiver
import QuiverModel
import QuiverWire

private let versionText: StaticString = "1.0.0"

@c @implementation
public func quiver_version() -> UnsafePointer<CChar>? {
    unsafe UnsafeRawPointer(versionText.utf8Start).assumingMemoryBound(to: CChar.self)
}

@c @implementation
public func quiver_last_error() -> UnsafePointer<CChar>? {
    unsafe LastError.text
}

@c @implementation
public func quiver_free(_ text: UnsafeMutableRawPointer?) {
    unsafe free(text)
}

@c @implementation
public func quiver_database_open(
    _ path: UnsafePointer<CChar>?, _ options: UnsafePointer<quiver_options>?,
    _ database: UnsafeMutablePointer<OpaquePointer?>?
) -> quiver_status {
    answering { () throws(Refusal) in
        guard let target = unsafe database else { throw .missing("database") }
        let path = unsafe try Texts.string(path, "path")
        if path.isEmpty { throw Refusal(QUIVER_ERROR_ARGUMENT, "path must not be empty") }
        var chosen = Database.Options()
        if let options = unsafe options {
            chosen.workerThreads = unsafe try threads(options.pointee.query_threads)
            chosen.indexingThreads = unsafe try threads(options.pointee.indexing_threads)
        }
        let opened = try engine { () throws(QuiverError) in try Database.open(path, options: chosen) }
        unsafe target.pointee = Handles.databases.add(opened)
    }
}

private let mostThreads: UInt32 = 1024

private func threads(_ count: UInt32) throws(Refusal) -> Int {
    guard count <= mostThreads else {
        throw Refusal(QUIVER_ERROR_ARGUMENT, "\(count) threads are more than \(mostThreads)")
    }
    return Int(count)
}

@c @implementation
public func quiver_database_close(_ database: OpaquePointer?) -> quiver_status {
    answering { () throws(Refusal) in unsafe try Handles.databases.remove(database).close() }
}

@c @implementation
public func quiver_database_call(
    _ database: OpaquePointer?, _ operation: UnsafePointer<CChar>?, _ body: UnsafePointer<CChar>?,
    _ answer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> quiver_status {
    answering { () throws(Refusal) in
        guard let target = unsafe answer else { throw .missing("answer") }
        let clock = Stopwatch()
        let database = unsafe try Handles.databases.object(database)
        let bytes: [UInt8]
        switch unsafe try Texts.string(operation, "operation") {
        case "collections":
            bytes = ResponseEncoder.collections(database.collectionNames, seconds: clock.seconds)
        case "aliases":
            let aliases = try engine { () throws(QuiverError) in try database.aliases() }
            bytes = ResponseEncoder.aliases(aliases, seconds: clock.seconds)
        case "aliases/update":
            let body = unsafe try Texts.bytes(body, "body")
            let actions = try decoding { () throws(WireError) in try unsafe RequestDecoder.aliasActions(body) }
            try engine { () throws(QuiverError) in try database.updateAliasesBlocking(actions) }
            bytes = ResponseEncoder.flag(true, seconds: clock.seconds)
        case let other: throw Refusal(QUIVER_ERROR_ARGUMENT, "there is no operation \"\(other)\" of databases")
        }
        unsafe try Texts.answer(bytes, to: target)
    }
}

/// The time that an answer tells.
struct Stopwatch {
    private let start = ContinuousClock.now

    var seconds: Double {
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}
