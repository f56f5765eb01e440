import QuiverModel
import QuiverWire
import Testing

@Suite struct FormulaTests {
    /// An expression as a text of its own: the name of a case and its parts in brackets.
    private func shown(_ expression: ScoreExpression) -> String {
        switch expression {
        case .constant(let value): "\(value)"
        case .variable(.score(let index)): "score\(index)"
        case .variable(.payload(let path)): "<\(path)>"
        case .condition(let condition): "condition(\(condition == .hasID([1])))"
        case .geoDistance(let origin, let to): "geo(\(origin.lon),\(origin.lat),<\(to)>)"
        case .datetime(let time): "time(\(time.microsecondsSinceEpoch))"
        case .datetimeKey(let path): "time<\(path)>"
        case .sum(let parts): "sum(\(parts.map(shown).joined(separator: ",")))"
        case .product(let parts): "mult(\(parts.map(shown).joined(separator: ",")))"
        case .negation(let one): "neg(\(shown(one)))"
        case .absolute(let one): "abs(\(shown(one)))"
        case .quotient(let left, let right, let byZero): "div(\(shown(left)),\(shown(right)),\(byZero.map { "\($0)" } ?? "-"))"
        case .squareRoot(let one): "sqrt(\(shown(one)))"
        case .power(let base, let exponent): "pow(\(shown(base)),\(shown(exponent)))"
        case .exponential(let one): "exp(\(shown(one)))"
        case .log10(let one): "log10(\(shown(one)))"
        case .naturalLog(let one): "ln(\(shown(one)))"
        case .decay(let decay):
            "\(decay.shape.rawValue)(\(shown(decay.x)),\(decay.target.map(shown) ?? "-"),\(decay.scale),\(decay.midpoint))"
        }
    }

    private func formula(_ text: String, defaults: String = "{}") throws -> ScoreFormula? {
        let body = #"{"prefetch":{"query":[1]},"query":{"formula":\#(text),"defaults":\#(defaults)}}"#
        guard case .formula(let formula)? = try decode(body, RequestDecoder.query).query else { return nil }
        return formula
    }

    @Test(arguments: [
        ("1", "1.0"), ("-2.5", "-2.5"), (#""$score""#, "score0"), (#""$score[3]""#, "score3"),
        (#""price""#, "<price>"), (#""a.b[0]""#, "<a.b[0]>"),
        // Constants are 32-bit floats.
        ("0.1", "\(Double(Float(0.1)))"),
        (#"{"has_id":[1]}"#, "condition(true)"), (#"{"key":"a","match":{"value":1}}"#, "condition(false)"),
        (#"{"must":[{"has_id":[1]}]}"#, "condition(false)"),
        (#"{"geo_distance":{"origin":{"lon":13.5,"lat":-52},"to":"place.at"}}"#, "geo(13.5,-52.0,<place.at>)"),
        (#"{"datetime":"1970-01-01T00:00:02Z"}"#, "time(2000000)"), (#"{"datetime_key":"at"}"#, "time<at>"),
        (#"{"sum":[1,"a",{"mult":["$score",2]}]}"#, "sum(1.0,<a>,mult(score0,2.0))"), (#"{"mult":[]}"#, "mult()"),
        (#"{"neg":"a"}"#, "neg(<a>)"), (#"{"abs":{"neg":3}}"#, "abs(neg(3.0))"),
        (#"{"div":{"left":1,"right":"a"}}"#, "div(1.0,<a>,-)"),
        (#"{"div":{"left":1,"right":"a","by_zero_default":0.5}}"#, "div(1.0,<a>,0.5)"),
        (#"{"sqrt":4}"#, "sqrt(4.0)"), (#"{"pow":{"base":2,"exponent":3}}"#, "pow(2.0,3.0)"),
        (#"{"exp":1}"#, "exp(1.0)"), (#"{"log10":1}"#, "log10(1.0)"), (#"{"ln":1}"#, "ln(1.0)"),
        (#"{"lin_decay":{"x":"a"}}"#, "linear(<a>,-,1.0,0.5)"),
        (#"{"exp_decay":{"x":"a","target":1,"scale":10,"midpoint":0.25}}"#, "exponential(<a>,1.0,10.0,0.25)"),
        (#"{"gauss_decay":{"x":{"datetime_key":"at"},"target":{"datetime":"1970-01-01"},"scale":null}}"#, "gaussian(time<at>,time(0),1.0,0.5)"),
        (#"{"lin_decay":{"x":"a","midpoint":1}}"#, "linear(<a>,-,1.0,1.0)"),
    ])
    func readsExpressions(_ text: String, _ expected: String) throws {
        #expect(try shown(#require(try formula(text)).expression) == expected)
    }

    @Test func readsDefaults() throws {
        let defaults = try #require(
            try formula(
                #""a""#,
                defaults: #"{"$score[1]":0.5,"a":2,"b.c":"x","g":{"lon":1,"lat":2},"o":[1],"n":null,"far":{"lon":200,"lat":0}}"#)
        ).defaults
        #expect(
            try defaults == [
                .score(prefetch: 1): .number(0.5), .payload(path("a")): .number(2), .payload(path("b.c")): .text("x"),
                .payload(path("g")): .geo(GeoPoint(lon: 1, lat: 2)), .payload(path("o")): .other,
                .payload(path("n")): .other, .payload(path("far")): .other,
            ])
        #expect(try #require(try formula("1", defaults: "null")).defaults.isEmpty)
    }

    /// As the engine of Qdrant 1.19 says it.
    @Test(arguments: [
        (#""$scoree""#, "failed to parse variable ID $scoree: Invalid reserved word: $scoree"),
        (#""$score.x""#, "failed to parse variable ID $score.x: Invalid reserved variable: $score.x"),
        (#""$score[]""#, "failed to parse variable ID $score[]: Invalid reserved variable: $score[]"),
        (#""$score[1][2]""#, "failed to parse variable ID $score[1][2]: Invalid reserved variable: $score[1][2]"),
        (#""$""#, "failed to parse variable ID $: Invalid reserved variable: $"),
        (#""""#, "failed to parse variable ID : Invalid payload variable: "),
        (#""a..b""#, "failed to parse variable ID a..b: Invalid payload variable: a..b"),
        (#"{"lin_decay":{"x":1,"midpoint":1.5}}"#, "Linear decay midpoint should be in the range [0.0, 1.0], got 1.5."),
        (#"{"exp_decay":{"x":1,"midpoint":1}}"#, "Decay midpoint should be in the range (0.0, 1.0), got 1."),
        (#"{"gauss_decay":{"x":1,"midpoint":0}}"#, "Decay midpoint should be in the range (0.0, 1.0), got 0."),
        (#"{"exp_decay":{"x":1,"scale":0}}"#, "Decay scale should be non-zero positive, got 0."),
    ])
    func whatNoFormulaCanBeIsWrongInput(_ text: String, _ message: String) {
        #expect(
            fault(#"{"prefetch":{},"query":{"formula":\#(text)}}"#, RequestDecoder.query)
                == WireError(status: 400, message: "Wrong input: Validation failed: \(message)"))
    }

    @Test func keysOfDefaultsAreVariables() {
        #expect(
            fault(#"{"prefetch":{},"query":{"formula":1,"defaults":{"$x":1}}}"#, RequestDecoder.query)
                == WireError(
                    status: 400,
                    message: "Wrong input: Validation failed: failed to parse variable ID $x: Invalid reserved word: $x"))
    }

    /// `max` and `min` came after 1.19.
    @Test(arguments: ["null", "true", "[1]", "{}x", #"{"max":[1,2]}"#, #"{"sum":1}"#, #"{"div":{"left":1}}"#, #"{"geo_distance":{"origin":{"lon":181,"lat":0},"to":"a"}}"#])
    func malformedFormulasAreRefused(_ text: String) {
        let error = fault(#"{"prefetch":{},"query":{"formula":\#(text)}}"#, RequestDecoder.query)
        #expect(error.status == 400 && error.message.hasPrefix("Format error in JSON body: "), "\(error)")
    }

    @Test func theFormulaHasNoNameInPaths() {
        #expect(
            fault(#"{"prefetch":{},"query":{"formula":{"sum":[1,{"key":"a"}]}}}"#, RequestDecoder.query)
                == WireError(
                    status: 422,
                    message:
                        "Validation error in JSON body: [internal.query.sum[1].match: Validation error: At least one field condition must be specified [{}]]"
                ))
    }
}
