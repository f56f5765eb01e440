import QuiverJSON
import QuiverModel

extension FormulaVariable {
    /// What a field index shows of the values of its field. A formula reads an indexed field as its index does: what the
    /// index leaves out counts as missing, and a default stands in for it. An index of texts keeps no values, so the
    /// payload is read.
    static func shown(_ values: [JSONValue], by index: PayloadIndexType?) -> [JSONValue] {
        guard let index else { return values }
        return values.filter { isShown($0, by: index) }
    }

    private static func isShown(_ value: JSONValue, by index: PayloadIndexType) -> Bool {
        switch (index, value) {
        case (.text, _), (.keyword, .string), (.bool, .bool): true
        case (.integer, .int): true
        case (.integer, .uint(let number)): number <= UInt64(Int64.max)
        case (.float, .int), (.float, .uint), (.float, .double): true
        case (.uuid, .string(let text)): if case .uuid? = PointID(pathComponent: text) { true } else { false }
        case (.datetime, .string(let text)): Timestamp(text) != nil
        case (.geo, let value): if case .success = FormulaPlace.read(value) { true } else { false }
        default: false
        }
    }
}
