import QuiverJSON
package import QuiverModel

/// What a signed token says of its bearer (RFC 7519, with Qdrant's claims).
package struct TokenClaims: Sendable {
    package enum Mode: String, CaseIterable, Sendable {
        case read = "r"
        case write = "rw"
        /// Points alone, not what belongs to their collection.
        case writePoints = "prw"
    }

    package enum Access: Sendable {
        case read, manage
        case collections([(name: String, mode: Mode)])
    }

    /// The token is good only while some point of a collection matches.
    package struct Condition: Sendable {
        package var collection: String
        package var filter: Filter
    }

    /// Seconds since 1970.
    package var expires: UInt64?
    /// Nil: everything.
    package var access: Access?
    package var valueExists: Condition?
    /// Why it is refused although it can be read.
    package var fault: String?
}

extension RequestDecoder {
    /// The name of the algorithm in the head of a token.
    package static func tokenAlgorithm(_ text: UnsafeRawBufferPointer) throws(WireError) -> String {
        try unsafe decode(text) { (node) throws(WireFault) in try node.required("alg").text() }
    }

    package static func tokenClaims(_ text: UnsafeRawBufferPointer) throws(WireError) -> TokenClaims {
        try unsafe decode(text) { (node) throws(WireFault) in
            try node.requireObject("struct Claims")
            var claims = TokenClaims()
            claims.expires = try node.given("exp")?.unsigned("u64")
            _ = try node.optionalString("sub")
            _ = try node.optionalString("subject")
            if let access = try node.field("access") { claims.access = try tokenAccess(access, &claims.fault) }
            if let condition = try node.given("value_exists") { claims.valueExists = try tokenCondition(condition) }
            return claims
        }
    }

    private static func tokenAccess(_ node: JSONNode, _ fault: inout String?) throws(WireFault) -> TokenClaims.Access {
        if node.isString {
            switch try node.text() {
            case "r": return .read
            case "m": return .manage
            default: throw node.malformed("data did not match any variant of untagged enum Access")
            }
        }
        var list: [(name: String, mode: TokenClaims.Mode)] = []
        guard node.isArray else { throw node.malformed("data did not match any variant of untagged enum Access") }
        for item in node.elements {
            try item.requireObject("struct CollectionAccess")
            let name = try item.required("collection").text()
            if list.contains(where: { $0.name == name }) { fault = "access: Collection name should be unique" }
            list.append((name, try item.required("access").variant(of: TokenClaims.Mode.self)))
            if try item.given("payload") != nil { fault = "access: Restrictions by payload are not supported" }
        }
        return .collections(list)
    }

    private static func tokenCondition(_ node: JSONNode) throws(WireFault) -> TokenClaims.Condition {
        let collection = try node.required("collection").text()
        let conditions = try node.required("matches").list("a sequence") { (item) throws(WireFault) in
            let value = try item.required("value")
            let match: MatchValue =
                switch value.kind {
                case .true, .false: .bool(try value.bool())
                case .int64, .uint64: .integer(try value.signed())
                default: .string(try value.text())
                }
            return Condition.field(FieldCondition(key: try item.required("key").path(), .match(match)))
        }
        return TokenClaims.Condition(collection: collection, filter: Filter(must: conditions))
    }
}
