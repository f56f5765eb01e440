import CLMDB

// The calls of LMDB that take keys and values, with the buffers of Swift instead of MDB_val. The generic functions
// that are inlined into other modules end here, so that CLMDB stays an import of this module alone.
// All give LMDB's own code; nothing here allocates or counts references.

/// The codes that are answers rather than errors.
@usableFromInline
enum Code {
    @inlinable static var success: Int32 { 0 }
    @inlinable static var notFound: Int32 { -30798 }
    @inlinable static var keyExists: Int32 { -30799 }
}

/// The moves of a cursor that take a key.
@usableFromInline
enum KeyedMove {
    case exactly, notBelow, exactPair, valueNotBelow

    var operation: MDB_cursor_op {
        switch self {
        case .exactly: MDB_SET
        case .notBelow: MDB_SET_RANGE
        case .exactPair: MDB_GET_BOTH
        case .valueNotBelow: MDB_GET_BOTH_RANGE
        }
    }
}

@usableFromInline
func rawGet(
    _ transaction: OpaquePointer, _ database: UInt32, _ key: UnsafeRawBufferPointer
) -> (code: Int32, value: UnsafeRawBufferPointer) {
    var keyValue = unsafe MDB_val(key)
    var value = unsafe MDB_val()
    let code = unsafe mdb_get(transaction, database, &keyValue, &value)
    return unsafe (code, UnsafeRawBufferPointer(value))
}

@usableFromInline
func rawPut(
    _ transaction: OpaquePointer, _ database: UInt32, _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer,
    _ flags: UInt32
) -> Int32 {
    var keyValue = unsafe MDB_val(key)
    var dataValue = unsafe MDB_val(value)
    return unsafe mdb_put(transaction, database, &keyValue, &dataValue, flags)
}

@usableFromInline
func rawReserve(
    _ transaction: OpaquePointer, _ database: UInt32, _ key: UnsafeRawBufferPointer, _ byteCount: Int, _ flags: UInt32
) -> (code: Int32, memory: UnsafeMutableRawPointer?) {
    var keyValue = unsafe MDB_val(key)
    var dataValue = unsafe MDB_val(mv_size: byteCount, mv_data: nil)
    let code = unsafe mdb_put(transaction, database, &keyValue, &dataValue, flags | UInt32(MDB_RESERVE))
    return unsafe (code, dataValue.mv_data)
}

@usableFromInline
func rawDelete(_ transaction: OpaquePointer, _ database: UInt32, _ key: UnsafeRawBufferPointer) -> Int32 {
    var keyValue = unsafe MDB_val(key)
    return unsafe mdb_del(transaction, database, &keyValue, nil)
}

@usableFromInline
func rawDelete(
    _ transaction: OpaquePointer, _ database: UInt32, _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
) -> Int32 {
    var keyValue = unsafe MDB_val(key)
    var dataValue = unsafe MDB_val(value)
    return unsafe mdb_del(transaction, database, &keyValue, &dataValue)
}

/// `entry` gives the key and value to look for and takes those found.
@usableFromInline
func rawMove(_ cursor: OpaquePointer, _ entry: inout Cursor.Entry, _ move: KeyedMove) -> Int32 {
    var keyValue = unsafe MDB_val(entry.key)
    var dataValue = unsafe MDB_val(entry.value)
    let code = unsafe mdb_cursor_get(cursor, &keyValue, &dataValue, move.operation)
    unsafe entry = unsafe (UnsafeRawBufferPointer(keyValue), UnsafeRawBufferPointer(dataValue))
    return code
}

@usableFromInline
func rawCursorPut(
    _ cursor: OpaquePointer, _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, _ flags: UInt32
) -> Int32 {
    var keyValue = unsafe MDB_val(key)
    var dataValue = unsafe MDB_val(value)
    return unsafe mdb_cursor_put(cursor, &keyValue, &dataValue, flags)
}

@usableFromInline
func rawCursorPutMany(
    _ cursor: OpaquePointer, _ key: UnsafeRawBufferPointer, _ slots: UnsafeBufferPointer<UInt32>
) -> Int32 {
    var keyValue = unsafe MDB_val(key)
    // The first says the size of one item and where they are; the second how many.
    var items = unsafe (
        MDB_val(mv_size: 4, mv_data: UnsafeMutableRawPointer(mutating: slots.baseAddress)),
        MDB_val(mv_size: slots.count, mv_data: nil))
    return unsafe withUnsafeMutablePointer(to: &items) { pair in
        unsafe pair.withMemoryRebound(to: MDB_val.self, capacity: 2) { first in
            unsafe mdb_cursor_put(cursor, &keyValue, first, UInt32(MDB_MULTIPLE))
        }
    }
}

extension MDB_val {
    @inline(__always)
    init(_ bytes: UnsafeRawBufferPointer) {
        unsafe self.init(mv_size: bytes.count, mv_data: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
    }
}

extension UnsafeRawBufferPointer {
    @inline(__always)
    init(_ value: MDB_val) {
        unsafe self.init(start: value.mv_data, count: value.mv_data == nil ? 0 : value.mv_size)
    }
}
