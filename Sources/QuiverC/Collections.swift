public import CQuiver
import Quiver
import QuiverModel
import QuiverWire

@c @implementation
public func quiver_collection_create(
    _ database: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ config: UnsafePointer<CChar>?
) -> quiver_status {
    answering { () throws(Refusal) in
        let database = unsafe try Handles.databases.object(database)
        let name = unsafe try Texts.string(name, "name")
        // The rules of Qdrant's paths, so that the collection can be served by name as well.
        guard (1...Limits.collectionNameBytes).contains(name.utf8.count), !name.utf8.contains(where: forbidden) else {
            throw Refusal(
                QUIVER_ERROR_VALIDATION,
                "the name of a collection has 1 to \(Limits.collectionNameBytes) bytes and none of <>:\"/\\|?*")
        }
        let body = unsafe try Texts.bytes(config, "config")
        let config = try decoding { () throws(WireError) in try unsafe RequestDecoder.createCollection(body) }
        try engine { () throws(QuiverError) in try database.createCollectionBlocking(name, config) }
    }
}

private func forbidden(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: ":"), UInt8(ascii: "\""), UInt8(ascii: "/"),
        UInt8(ascii: "\\"), UInt8(ascii: "|"), UInt8(ascii: "?"), UInt8(ascii: "*"), 0x1F:
        true
    default: false
    }
}

@c @implementation
public func quiver_collection_update(
    _ database: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ patch: UnsafePointer<CChar>?
) -> quiver_status {
    answering { () throws(Refusal) in
        let database = unsafe try Handles.databases.object(database)
        let name = unsafe try Texts.string(name, "name")
        let body = unsafe try Texts.bytes(patch, "patch")
        let patch = try decoding { () throws(WireError) in try unsafe RequestDecoder.updateCollection(body) }
        try engine { () throws(QuiverError) in try database.updateCollectionBlocking(name, patch) }
    }
}

@c @implementation
public func quiver_collection_delete(_ database: OpaquePointer?, _ name: UnsafePointer<CChar>?) -> quiver_status {
    answering { () throws(Refusal) in
        let database = unsafe try Handles.databases.object(database)
        let name = unsafe try Texts.string(name, "name")
        let existed = try engine { () throws(QuiverError) in try database.deleteCollectionBlocking(name) }
        if !existed { throw Refusal(.collectionMissing(name)) }
    }
}

@c @implementation
public func quiver_collection_open(
    _ database: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ collection: UnsafeMutablePointer<OpaquePointer?>?
) -> quiver_status {
    answering { () throws(Refusal) in
        guard let target = unsafe collection else { throw .missing("collection") }
        let database = unsafe try Handles.databases.object(database)
        let name = unsafe try Texts.string(name, "name")
        let collection = try engine { () throws(QuiverError) in try database.collection(name) }
        unsafe target.pointee = Handles.collections.add(collection)
    }
}

@c @implementation
public func quiver_collection_close(_ collection: OpaquePointer?) -> quiver_status {
    answering { () throws(Refusal) in _ = unsafe try Handles.collections.remove(collection) }
}

@c @implementation
public func quiver_collection_info(
    _ collection: OpaquePointer?, _ answer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> quiver_status {
    answering { () throws(Refusal) in
        guard let target = unsafe answer else { throw .missing("answer") }
        let clock = Stopwatch()
        let collection = unsafe try Handles.collections.object(collection)
        let info = try engine { () throws(QuiverError) in try collection.infoBlocking() }
        unsafe try Texts.answer(ResponseEncoder.collectionInfo(info, seconds: clock.seconds), to: target)
    }
}

@c @implementation
public func quiver_wait_indexed(_ collection: OpaquePointer?, _ timeout_seconds: Double) -> quiver_status {
    answering { () throws(Refusal) in
        let collection = unsafe try Handles.collections.object(collection)
        let timeout = Duration(timeoutSeconds: timeout_seconds)
        try engine { () throws(QuiverError) in try collection.waitUntilOptimizedBlocking(timeout: timeout) }
    }
}

@c @implementation
public func quiver_index_create(_ collection: OpaquePointer?, _ body: UnsafePointer<CChar>?) -> quiver_status {
    answering { () throws(Refusal) in
        let collection = unsafe try Handles.collections.object(collection)
        let body = unsafe try Texts.bytes(body, "body")
        let (field, params) = try decoding { () throws(WireError) in try unsafe RequestDecoder.createIndex(body) }
        _ = try engine { () throws(QuiverError) in try collection.createIndexBlocking(field, params) }
    }
}

@c @implementation
public func quiver_index_delete(_ collection: OpaquePointer?, _ field: UnsafePointer<CChar>?) -> quiver_status {
    answering { () throws(Refusal) in
        let collection = unsafe try Handles.collections.object(collection)
        let name = unsafe try Texts.string(field, "field")
        guard let path = PayloadPath(name) else {
            throw Refusal(QUIVER_ERROR_BAD_REQUEST, "`\(name)` is not a payload path")
        }
        _ = try engine { () throws(QuiverError) in try collection.dropIndexBlocking(path) }
    }
}

@c @implementation
public func quiver_vector_create(
    _ collection: OpaquePointer?, _ vector_name: UnsafePointer<CChar>?, _ body: UnsafePointer<CChar>?
) -> quiver_status {
    answering { () throws(Refusal) in
        let collection = unsafe try Handles.collections.object(collection)
        let name = unsafe try Texts.string(vector_name, "vector_name")
        let body = unsafe try Texts.bytes(body, "body")
        let config = try decoding { () throws(WireError) in
            try unsafe RequestDecoder.createVectorName(body, name: name)
        }
        _ = try engine { () throws(QuiverError) in try collection.createVectorNameBlocking(name, config) }
    }
}

@c @implementation
public func quiver_vector_delete(
    _ collection: OpaquePointer?, _ vector_name: UnsafePointer<CChar>?
) -> quiver_status {
    answering { () throws(Refusal) in
        let collection = unsafe try Handles.collections.object(collection)
        let name = unsafe try Texts.string(vector_name, "vector_name")
        _ = try engine { () throws(QuiverError) in try collection.dropVectorNameBlocking(name) }
    }
}

extension Duration {
    /// Nil for none: zero, less, or not a number. Beyond a year is a year.
    init?(timeoutSeconds: Double) {
        guard timeoutSeconds > 0 else { return nil }
        self = .seconds(min(timeoutSeconds, 365 * 86400))
    }
}
