import QuiverJSON
import QuiverModel

extension RequestDecoder {
    /// `{formula, defaults?}`; `node` is the expression.
    static func scoreFormula(_ node: JSONNode, in query: JSONNode) throws(WireFault) -> ScoreFormula {
        // The formula itself has no name in Qdrant's paths.
        let expression = try WireFault.changing({ $0.anonymising(node.byteOffset, as: "") }) { () throws(WireFault) in
            try scoreExpression(node)
        }
        var formula = ScoreFormula(expression)
        if let defaults = try query.given("defaults") {
            try defaults.requireObject("a map")
            for member in defaults.members {
                guard let variable = try scoreVariable(member.key, at: member) else { continue }
                formula.defaults[variable] = defaultValue(member)
            }
        }
        return formula
    }

    /// What stands for a value that a point lacks.
    private static func defaultValue(_ node: JSONNode) -> FormulaValue {
        if let number = node.double { return .number(number) }
        if let text = node.string { return .text(text) }
        if node.isObject, let lon = node.member("lon")?.double, let lat = node.member("lat")?.double,
            (-180...180).contains(lon), (-90...90).contains(lat)
        {
            return .geo(GeoPoint(lon: lon, lat: lat))
        }
        return .other
    }

    /// `$score`, `$score[i]`, or the path of a payload; nil for none of them, once that has been noted.
    private static func scoreVariable(_ text: String, at node: JSONNode) throws(WireFault) -> ScoreVariable? {
        func refuse(_ what: String) throws(WireFault) -> ScoreVariable? {
            try node.wrongInput("Validation failed: failed to parse variable ID \(text): \(what): \(text)").raise()
            return nil
        }
        guard text.hasPrefix("$") else {
            guard let path = PayloadPath(text) else { return try refuse("Invalid payload variable") }
            return .payload(path)
        }
        guard let path = PayloadPath(String(text.dropFirst())) else { return try refuse("Invalid reserved variable") }
        guard path.steps.first == .key("score") else { return try refuse("Invalid reserved word") }
        if path.steps.count == 1 { return .score(prefetch: 0) }
        guard path.steps.count == 2, case .index(let index) = path.steps[1] else {
            return try refuse("Invalid reserved variable")
        }
        return .score(prefetch: index)
    }

    private static func scoreExpression(_ node: JSONNode) throws(WireFault) -> ScoreExpression {
        // Constants are 32-bit floats in Qdrant, though scores are computed in double precision.
        if node.isNumber { return .constant(Double(try node.float())) }
        if node.isString {
            guard let variable = try scoreVariable(node.string ?? "", at: node) else { return .constant(0) }
            return .variable(variable)
        }
        guard node.isObject else { throw node.noVariant("Expression") }
        if let expression = try composition(node) { return expression }
        if let decay = try decay(node) { return decay }
        // Conditions come first in Qdrant; none of them has a member of the names above.
        do throws(WireFault) {
            return .condition(try condition(node))
        } catch {
            throw error.place == node.byteOffset && error.kind == .format ? node.noVariant("Expression") : error
        }
    }

    /// An expression of others, or one that reads a place or a date.
    private static func composition(_ node: JSONNode) throws(WireFault) -> ScoreExpression? {
        if let list = try node.field("mult") { return .product(try scoreExpressions(list)) }
        if let list = try node.field("sum") { return .sum(try scoreExpressions(list)) }
        if let one = try node.field("neg") { return .negation(try scoreExpression(one)) }
        if let one = try node.field("abs") { return .absolute(try scoreExpression(one)) }
        if let div = try node.field("div") {
            try div.requireObject("struct DivParams")
            return .quotient(
                try scoreExpression(div.required("left")), by: try scoreExpression(div.required("right")),
                byZeroDefault: try div.optionalFloat("by_zero_default").map { Double($0) })
        }
        if let one = try node.field("sqrt") { return .squareRoot(try scoreExpression(one)) }
        if let pow = try node.field("pow") {
            try pow.requireObject("struct PowParams")
            return .power(
                try scoreExpression(pow.required("base")), exponent: try scoreExpression(pow.required("exponent")))
        }
        if let one = try node.field("exp") { return .exponential(try scoreExpression(one)) }
        if let one = try node.field("log10") { return .log10(try scoreExpression(one)) }
        if let one = try node.field("ln") { return .naturalLog(try scoreExpression(one)) }
        if let geo = try node.field("geo_distance") {
            try geo.requireObject("struct GeoDistanceParams")
            return .geoDistance(origin: try geoPoint(geo.required("origin")), to: try geo.required("to").path())
        }
        if let datetime = try node.field("datetime") {
            let text = try datetime.text()
            guard let value = unsafe Timestamp(utf8: datetime.stringBytes) else {
                try datetime.wrongInput("Validation failed: failed to parse date-time \(text): no RFC 3339 date").raise()
                return .constant(0)
            }
            return .datetime(value)
        }
        if let key = try node.field("datetime_key") { return .datetimeKey(try key.path()) }
        return nil
    }

    private static func scoreExpressions(_ node: JSONNode) throws(WireFault) -> [ScoreExpression] {
        try node.list("a sequence of expressions") { (item) throws(WireFault) in try scoreExpression(item) }
    }

    private static func decay(_ node: JSONNode) throws(WireFault) -> ScoreExpression? {
        if let params = try node.field("lin_decay") { return .decay(try decay(params, .linear)) }
        if let params = try node.field("exp_decay") { return .decay(try decay(params, .exponential)) }
        if let params = try node.field("gauss_decay") { return .decay(try decay(params, .gaussian)) }
        return nil
    }

    private static func decay(_ node: JSONNode, _ shape: ScoreDecay.Shape) throws(WireFault) -> ScoreDecay {
        try node.requireObject("struct DecayParamsExpression")
        let x = try scoreExpression(node.required("x"))
        let target = try node.given("target").map { (node) throws(WireFault) in try scoreExpression(node) }
        let scale = try node.optionalFloat("scale") ?? ScoreDecay.defaultScale
        let midpoint = try node.optionalFloat("midpoint") ?? ScoreDecay.defaultMidpoint
        switch shape {
        case .linear:
            if !(0...1).contains(midpoint) {
                try node.wrongInput(
                    "Validation failed: Linear decay midpoint should be in the range [0.0, 1.0], "
                        + "got \(plain(Double(midpoint)))."
                ).raise()
            }
        case .exponential, .gaussian:
            if !(midpoint > 0 && midpoint < 1) {
                try node.wrongInput(
                    "Validation failed: Decay midpoint should be in the range (0.0, 1.0), "
                        + "got \(plain(Double(midpoint)))."
                ).raise()
            }
        }
        if scale <= 0 {
            try node.wrongInput(
                "Validation failed: Decay scale should be non-zero positive, got \(plain(Double(scale)))."
            ).raise()
        }
        return ScoreDecay(shape, x: x, target: target, scale: scale, midpoint: midpoint)
    }
}
