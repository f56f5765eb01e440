import QuiverJSON
import QuiverModel

extension RequestDecoder {
    static func filter(at node: JSONNode) throws(WireFault) -> Filter {
        try node.requireObject("struct Filter")
        var filter = Filter()
        // A misspelt clause must not match everything: Qdrant refuses unknown fields here.
        for member in node.members where !isClause(member) {
            throw member.malformed(
                "unknown field `\(member.key)`, expected one of `should`, `min_should`, `must`, `must_not`")
        }
        if let clause = try node.given("must") { filter.must = try conditions(clause) }
        if let clause = try node.given("should") { filter.should = try conditions(clause) }
        if let clause = try node.given("must_not") { filter.mustNot = try conditions(clause) }
        if let clause = try node.given("min_should") {
            try clause.requireObject("struct MinShould")
            let conditions = try conditionList(clause.required("conditions"))
            filter.minShould = Filter.MinShould(
                conditions: conditions, minCount: try clause.required("min_count").count(from: 1))
        }
        return filter
    }

    private static func isClause(_ member: JSONNode) -> Bool {
        member.isKey("must") || member.isKey("should") || member.isKey("must_not") || member.isKey("min_should")
    }

    /// One condition, or a list of them.
    private static func conditions(_ node: JSONNode) throws(WireFault) -> [Condition] {
        try node.oneOrMany("a sequence of conditions") { (item) throws(WireFault) in try condition(item) }
    }

    private static func conditionList(_ node: JSONNode) throws(WireFault) -> [Condition] {
        try node.list("a sequence of conditions") { (item) throws(WireFault) in try condition(item) }
    }

    /// The kinds are told apart by their member, in the order in which Qdrant tries them.
    static func condition(_ node: JSONNode) throws(WireFault) -> Condition {
        guard node.isObject else { throw node.noVariant("Condition") }
        if try node.field("key") != nil { return .field(try fieldCondition(node)) }
        if let field = try node.field("is_empty") { return .isEmpty(try payloadField(field)) }
        if let field = try node.field("is_null") { return .isNull(try payloadField(field)) }
        if let ids = try node.field("has_id") { return .hasID(Set(try ids.pointIDs())) }
        if let name = try node.field("has_vector") { return .hasVector(try name.text()) }
        if let slice = try node.field("slice") { return try self.slice(slice) }
        if let nested = try node.field("nested") {
            try nested.requireObject("struct Nested")
            let key = try nested.required("key").path()
            return .nested(key, try filter(at: nested.required("filter")))
        }
        guard node.members.allSatisfy(isClause) else { throw node.noVariant("Condition") }
        return .filter(try filter(at: node))
    }

    private static func slice(_ node: JSONNode) throws(WireFault) -> Condition {
        try node.requireObject("struct Slice")
        let totalNode = try node.required("total")
        let indexNode = try node.required("index")
        let total = try totalNode.unsigned("u32")
        let index = try indexNode.unsigned("u32")
        guard total > 0 else { throw totalNode.invalidValue("a nonzero u32") }
        guard total <= UInt32.max else { throw totalNode.invalidValue("u32") }
        guard index <= UInt32.max else { throw indexNode.invalidValue("u32") }
        if index >= total { try indexNode.breaks("value \(index) invalid, must be from 0 to \(total - 1)") }
        return .slice(total: total, index: index)
    }

    private static func payloadField(_ node: JSONNode) throws(WireFault) -> PayloadPath {
        try node.requireObject("struct PayloadField")
        return try node.required("key").path()
    }

    private static func fieldCondition(_ node: JSONNode) throws(WireFault) -> FieldCondition {
        var field = FieldCondition(key: try node.required("key").path(), predicates: [])
        if let match = try node.given("match") { field.predicates.append(try self.match(match)) }
        if let range = try node.given("range") { field.predicates.append(try self.range(range)) }
        if let box = try node.given("geo_bounding_box") {
            field.predicates.append(.geoBoundingBox(try geoBoundingBox(box)))
        }
        if let radius = try node.given("geo_radius") { field.predicates.append(.geoRadius(try geoRadius(radius))) }
        if let polygon = try node.given("geo_polygon") { field.predicates.append(.geoPolygon(try geoPolygon(polygon))) }
        if let count = try node.given("values_count") {
            try count.requireObject("struct ValuesCount")
            field.predicates.append(
                .valuesCount(
                    CountRange(
                        gt: try count.given("gt")?.unsigned(), gte: try count.given("gte")?.unsigned(),
                        lt: try count.given("lt")?.unsigned(), lte: try count.given("lte")?.unsigned())))
        }
        if let flag = try node.optionalBool("is_empty") { field.predicates.append(.isEmpty(flag)) }
        if let flag = try node.optionalBool("is_null") { field.predicates.append(.isNull(flag)) }
        if field.predicates.isEmpty {
            try node.breaks("Validation error: At least one field condition must be specified [{}]", suffix: "match")
        }
        return field
    }

    private static func match(_ node: JSONNode) throws(WireFault) -> FieldCondition.Predicate {
        try node.requireObject("a match condition")
        if let value = try node.field("value") {
            switch value.kind {
            case .string: return .match(.string(value.string ?? ""))
            case .true: return .match(.bool(true))
            case .false: return .match(.bool(false))
            case .int64: return .match(.integer(value.int64 ?? 0))
            default: throw value.noVariant("ValueVariants")
            }
        }
        if let value = try node.field("text") { return .matchText(try value.text()) }
        if let value = try node.field("text_any") { return .matchTextAny(try value.text()) }
        if let value = try node.field("phrase") { return .matchPhrase(try value.text()) }
        if let value = try node.field("prefix") { return .matchPrefix(try value.text()) }
        if let value = try node.field("substring") { throw value.unsupported("substring match") }
        if let value = try node.field("any") { return .matchAny(try matchList(value)) }
        if let value = try node.field("except") { return .matchExcept(try matchList(value)) }
        throw node.noVariant("MatchInterface")
    }

    /// Strings or integers, not both.
    private static func matchList(_ node: JSONNode) throws(WireFault) -> MatchList {
        guard node.isArray else { throw node.noVariant("AnyVariants") }
        var strings: [String] = []
        var integers: [Int64] = []
        for item in node.elements {
            if let string = item.string {
                strings.append(string)
            } else if let integer = item.int64 {
                integers.append(integer)
            } else {
                throw item.noVariant("AnyVariants")
            }
        }
        guard strings.isEmpty || integers.isEmpty else { throw node.noVariant("AnyVariants") }
        return integers.isEmpty ? .strings(strings) : .integers(integers)
    }

    /// Numbers, or datetimes as strings; both kinds in one object are refused.
    private static func range(_ node: JSONNode) throws(WireFault) -> FieldCondition.Predicate {
        try node.requireObject("a range")
        let bounds = (
            gt: try node.given("gt"), gte: try node.given("gte"), lt: try node.given("lt"), lte: try node.given("lte")
        )
        var strings = 0
        var others = 0
        for bound in [bounds.gt, bounds.gte, bounds.lt, bounds.lte] {
            guard let bound else { continue }
            if bound.isString { strings += 1 } else { others += 1 }
        }
        if strings > 0 {
            guard others == 0 else { throw node.noVariant("RangeInterface") }
            return .datetimeRange(
                DatetimeRange(
                    gt: try bounds.gt?.timestamp(), gte: try bounds.gte?.timestamp(), lt: try bounds.lt?.timestamp(),
                    lte: try bounds.lte?.timestamp()))
        }
        return .range(
            NumberRange(
                gt: try bounds.gt?.number(), gte: try bounds.gte?.number(), lt: try bounds.lt?.number(),
                lte: try bounds.lte?.number()))
    }
}
