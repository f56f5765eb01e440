package import QuiverJSON
package import QuiverLMDB

/// Everything that can go wrong on this floor.
package enum PayloadError: Error, Equatable, Sendable {
    case storage(LMDBError)
    /// The text is not JSON.
    case json(JSONError)
    /// The text is JSON, but not an object.
    case notAnObject
    /// The field has no index with which `order_by` can work: an integer, float or datetime index with ranges.
    case indexCannotOrder(field: String)
    /// The field has no index that knows its different values: keyword, integer with look-ups, bool or uuid.
    case indexCannotFacet(field: String)
    /// The index is still being built.
    case indexNotReady(field: String)
    /// A stored index or payload contradicts itself: the file is damaged.
    case corrupted(field: String)
    /// The deadline passed.
    case timeout
}

extension PayloadError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .storage(let error): error.description
        case .json(let error): error.description
        case .notAnObject: "a payload has to be a JSON object"
        case .indexCannotOrder(let field):
            "order_by needs an integer, float or datetime index with ranges on the field \"\(field)\""
        case .indexCannotFacet(let field):
            "No appropriate index for faceting: `\(field)`. Please create one to facet on this field. Check "
                + "https://qdrant.tech/documentation/concepts/indexing/#payload-index to see which payload schemas support "
                + "Match conditions"
        case .indexNotReady(let field): "the index on the field \"\(field)\" is still being built"
        case .corrupted(let field): "the stored index on the field \"\(field)\" is damaged"
        case .timeout: "the request took longer than its timeout"
        }
    }
}

/// LMDB's errors as this floor's. Inlined, so that the way without an error costs nothing.
@inline(__always)
func storing<Value: ~Copyable>(_ body: () throws(LMDBError) -> Value) throws(PayloadError) -> Value {
    do throws(LMDBError) {
        return try body()
    } catch {
        throw .storage(error)
    }
}
