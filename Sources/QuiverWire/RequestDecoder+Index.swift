import QuiverJSON
import QuiverModel

extension RequestDecoder {
    static func fieldIndex(_ node: JSONNode) throws(WireFault) -> (field: PayloadPath, params: PayloadIndexParams) {
        try node.requireObject("struct CreateFieldIndex")
        let field = try node.required("field_name").path()
        guard let schema = try node.given("field_schema", or: "field_type") else {
            throw node.badRequest("Can't auto-detect field type, please specify `field_schema` in the request")
        }
        if schema.isString { return (field, PayloadIndexParams(type: try indexType(schema))) }
        guard schema.isObject, let type = try schema.field("type") else { throw schema.noVariant("PayloadFieldSchema") }
        return (field, try indexParams(schema, PayloadIndexParams(type: try indexType(type), givenAsObject: true)))
    }

    private static func indexType(_ node: JSONNode) throws(WireFault) -> PayloadIndexType {
        let name = try node.text()
        if let type = PayloadIndexType(rawValue: name) { return type }
        guard name == "text" || name == "geo" else { throw node.noVariant("PayloadFieldSchema") }
        throw node.unsupported("\(name) index")
    }

    /// Options of other types are unknown fields, which Qdrant ignores here.
    private static func indexParams(
        _ node: JSONNode, _ start: PayloadIndexParams
    ) throws(WireFault) -> PayloadIndexParams {
        var params = start
        params.onDisk = try node.optionalBool("on_disk")
        try node.refuse("memory", "memory placement (memory)")
        params.enableHNSW = try node.optionalBool("enable_hnsw")
        switch params.type {
        case .keyword:
            params.isTenant = try node.optionalBool("is_tenant")
            // False is the default, and what there is.
            if let prefix = try node.given("prefix"), try prefix.bool() {
                throw prefix.unsupported("prefix option of the keyword index")
            }
        case .uuid:
            params.isTenant = try node.optionalBool("is_tenant")
        case .integer:
            params.lookup = try node.optionalBool("lookup")
            params.range = try node.optionalBool("range")
            params.isPrincipal = try node.optionalBool("is_principal")
            if params.lookup == false && params.range == false {
                throw node.broken(
                    "Validation error: the 'lookup' and 'range' capabilities can't be both disabled [{}]",
                    suffix: "lookup")
            }
        case .float, .datetime:
            params.isPrincipal = try node.optionalBool("is_principal")
        case .bool, .geo, .text:
            break
        }
        return params
    }
}
