import Quiver
import Testing

/// Formulas, with the numbers and messages that Qdrant gives.
struct FormulaTests {
    static let payload = #"""
        {"n":5,"d":"2020-01-01T00:00:00Z","g":{"lat":52.5,"lon":13.4},"t":"x","a":[7],"b":[1,2],"f":true,"o":{"z":1.5},
         "da":["2021-01-01"],"z":0,"nul":null,"e":[],"big":18446744073709551615,"nested":[[1]]}
        """#

    static func path(_ text: String) throws -> PayloadPath { try PayloadPath(parsing: text) }

    private static func variable(_ text: String) throws -> ScoreExpression { .variable(.payload(try path(text))) }

    private func collection() async throws -> TwelvePoints {
        let points = try await TwelvePoints()
        try await points.collection.update([
            .upsert(PointBatch([Point(id: .number(1), vector: [1, 0], payload: try Payload(json: Self.payload))]))
        ])
        return points
    }

    private func score(
        _ expression: ScoreExpression, _ defaults: [ScoreVariable: FormulaValue] = [:], _ points: TwelvePoints
    ) async throws -> Float? {
        let only = Prefetch(query: .nearest(.dense([1, 0])), filter: TwelvePoints.ids(1), limit: 10)
        return try await points.ask(.formula(ScoreFormula(expression, defaults: defaults)), [only]).first?.score
    }

    @Test func numbers() async throws {
        let points = try await collection()
        let v = Self.variable
        let missing = try v("miss")
        let geo = GeoPoint(lon: 13, lat: 52)
        func decay(
            _ shape: ScoreDecay.Shape, _ x: Double, _ target: Double?, _ midpoint: Float = 0.5, _ scale: Float = 1
        ) -> ScoreExpression {
            .decay(ScoreDecay(shape, x: .constant(x), target: target.map { .constant($0) }, scale: scale, midpoint: midpoint))
        }
        let expected: [(ScoreExpression, Float)] = [
            (.variable(.score(prefetch: 0)), 1), (.variable(.score(prefetch: 1)), 0), (try v("n"), 5), (try v("a"), 7),
            (try v("a[]"), 7), (try v("b[1]"), 2), (try v("o.z"), 1.5), (try v("big"), 1.8446744e19),
            (.datetime(try #require(Timestamp("2020-01-01T00:00:00.5Z"))), 1_577_836_800),
            (.sum([.datetime(try #require(Timestamp("2020-01-01T00:00:00.5Z"))), .constant(-1_577_836_800)]), 0.5),
            (.datetimeKey(try Self.path("d")), 1_577_836_800), (.datetimeKey(try Self.path("da")), 1_609_459_200),
            (.geoDistance(origin: geo, to: try Self.path("g")), 61907.51953125),
            (.geoDistance(origin: geo, to: try Self.path("b")), 5_670_771),
            (.product([.constant(0), missing]), 0), (.product([]), 1), (.sum([]), 0),
            (.quotient(.constant(0), by: .constant(0), byZeroDefault: 7), 0),
            (.quotient(.constant(0), by: missing, byZeroDefault: nil), 0),
            (.quotient(.constant(1), by: .constant(0), byZeroDefault: 7), 7),
            (.quotient(try v("n"), by: try v("z"), byZeroDefault: -2.5), -2.5),
            (.squareRoot(.constant(2)), 1.41421354), (.log10(.constant(50)), 1.69897),
            (.exponential(.constant(1)), 2.71828175), (.power(.constant(0), exponent: .constant(0)), 1),
            (.absolute(.constant(-2.5)), 2.5), (.negation(.constant(2)), -2), (.naturalLog(.constant(10)), 2.3025851),
            (.condition(.field(FieldCondition(key: try Self.path("n"), .match(.integer(5))))), 1),
            (.condition(.field(FieldCondition(key: try Self.path("n"), .match(.integer(6))))), 0),
            (.condition(.hasID([.number(1)])), 1), (.constant(0.1), 0.1), (.sum([.constant(0.1), .constant(0.2)]), 0.3),
            (decay(.linear, 3, nil), 0), (decay(.linear, 3, 1, 0.3, 5), 0.72), (decay(.linear, 3, 1, 0, 5), 0.6),
            (decay(.linear, 3, 1, 1, 5), 1), (decay(.linear, 0.5, 0, 0.25, 0.5), 0.25),
            (decay(.exponential, 3, nil), 0.125), (decay(.exponential, 3, 1, 0.3, 5), 0.6178008),
            (decay(.exponential, 100, 1, 0.5, 2), 1.256074e-15), (decay(.exponential, 0.5, 0, 0.25, 0.5), 0.25),
            (decay(.gaussian, 3, nil), 0.001953125), (decay(.gaussian, 3, 1, 0.3, 5), 0.82478243),
            (decay(.gaussian, 100, 1, 0.5, 2), 0),
        ]
        for (expression, number) in expected {
            let score = try #require(try await score(expression, [:], points))
            #expect(abs(score - number) <= 2e-7 * abs(number), "\(expression)")
        }
    }

    @Test func defaults() async throws {
        let points = try await collection()
        let miss = ScoreVariable.payload(try Self.path("miss"))
        let geo = ScoreExpression.geoDistance(origin: GeoPoint(lon: 13, lat: 52), to: try Self.path("miss"))
        #expect(try await score(.variable(.score(prefetch: 1)), [.score(prefetch: 1): .number(3.5)], points) == 3.5)
        #expect(try await score(.variable(.score(prefetch: 1)), [.score(prefetch: 1): .text("x")], points) == 0)
        #expect(try await score(.variable(.score(prefetch: 3)), [.score(prefetch: 0): .number(9)], points) == 0)
        #expect(try await score(.variable(miss), [miss: .number(4)], points) == 4)
        #expect(try await score(.variable(.payload(try Self.path("e"))), [.payload(try Self.path("e")): .number(4)], points) == 4)
        #expect(try await score(.datetimeKey(try Self.path("miss")), [miss: .text("1970-01-02")], points) == 86400)
        #expect(try await score(geo, [miss: .geo(GeoPoint(lon: 2, lat: 1))], points) == 5_763_129)
    }

    @Test func refusals() async throws {
        let points = try await collection()
        let v = Self.variable
        let place = { (key: String) in
            ScoreExpression.geoDistance(origin: GeoPoint(lon: 13, lat: 52), to: try Self.path(key))
        }
        let miss = ScoreVariable.payload(try Self.path("miss"))
        func decay(_ shape: ScoreDecay.Shape, _ midpoint: Float, _ scale: Float = 1) -> ScoreExpression {
            .decay(ScoreDecay(shape, x: .constant(1), scale: scale, midpoint: midpoint))
        }
        let nothing = "No value found in a payload nor defaults"
        let shape = "expected struct GeoPointShadow"
        let huge = "1" + String(repeating: "0", count: 100)
        let unfit: [(ScoreExpression, [ScoreVariable: FormulaValue], String, String, String)] = [
            (try v("b"), [:], "number", "b", "Value is not a number"), (try v("t"), [:], "number", "t", "Value is not a number"),
            (try v("f"), [:], "number", "f", "Value is not a number"), (try v("o"), [:], "number", "o", "Value is not a number"),
            (try v("nul"), [.payload(try Self.path("nul")): .number(2)], "number", "nul", "Value is not a number"),
            (try v("nested"), [:], "number", "nested", "Value is not a number"),
            (try v("miss"), [:], "number", "miss", nothing), (try v("miss[]"), [miss: .number(4)], "number", "miss[]", nothing),
            (try v("miss"), [miss: .text("q")], "number", "miss", "Value is not a number"),
            (try v("miss"), [miss: .other], "number", "miss", "Value is not a number"),
            (.datetimeKey(try Self.path("n")), [:], "datetime", "n", "Value is not a string"),
            (.datetimeKey(try Self.path("t")), [:], "datetime", "t", "input contains invalid characters"),
            (.datetimeKey(try Self.path("miss")), [:], "datetime", "miss", nothing),
            (.datetimeKey(try Self.path("miss")), [miss: .number(3)], "datetime", "miss", "Value is not a string"),
            (try place("n"), [:], "geo point", "n", "invalid type: integer `5`, \(shape)"),
            (try place("t"), [:], "geo point", "t", "invalid type: string \"x\", \(shape)"),
            (try place("nul"), [:], "geo point", "nul", "invalid type: null, \(shape)"),
            (try place("o"), [:], "geo point", "o", "missing field `lon`"),
            (try place("miss"), [:], "geo point", "miss", nothing),
            (
                try place("miss"), [miss: .geo(GeoPoint(lon: 2, lat: 100))], "geo point", "miss",
                "Wrong format of GeoPoint payload: expected `lat` = 100 within [-90;90] and `lon` = 2 within [-180;180]"
            ),
        ]
        for (expression, defaults, type, field, reason) in unfit {
            await expectError(
                .badInput,
                "Expected \(type) value for \(field) in the payload and/or in the formula defaults. Error: \(reason)"
            ) { try await score(expression, defaults, points) }
        }
        let endless: [(ScoreExpression, String)] = [
            (.quotient(.constant(1), by: .constant(0), byZeroDefault: nil), "1/0 = inf"),
            (.squareRoot(.constant(-1)), "√-1 = NaN"), (.naturalLog(.constant(0)), "ln(0) = -inf"),
            (.log10(.constant(0)), "log10(0) = -inf"), (.exponential(.constant(1000)), "exp(1000) = inf"),
            (.power(.constant(-8), exponent: .constant(1.0 / 3)), "-8^0.3333333432674408 = NaN"),
            (.power(.constant(0), exponent: .constant(-1)), "0^-1 = inf"),
            (.power(.constant(10), exponent: .constant(100)), "\(huge) as f32 = inf"),
            (.negation(.exponential(.constant(100))), "-26881171418161356000000000000000000000000000 as f32 = -inf"),
            (.constant(1e39), "inf as f32 = inf"),
        ]
        for (expression, text) in endless {
            await expectError(.badInput, "The expression \(text) produced a non-finite number") {
                try await score(expression, [:], points)
            }
        }
        let falling: [(ScoreExpression, String)] = [
            (decay(.linear, 1.5), "Linear decay midpoint should be in the range [0.0, 1.0], got 1.5."),
            (decay(.exponential, 0), "Decay midpoint should be in the range (0.0, 1.0), got 0."),
            (decay(.gaussian, 1), "Decay midpoint should be in the range (0.0, 1.0), got 1."),
            (decay(.linear, 0.5, 0), "Decay scale should be non-zero positive, got 0."),
            (decay(.gaussian, 0.5, -1), "Decay scale should be non-zero positive, got -1."),
        ]
        for (expression, text) in falling {
            await expectError(.badInput, "Validation failed: " + text) { try await score(expression, [:], points) }
        }
    }

    /// Each row: a value, and what a formula makes of it with a float, an integer and a keyword index. Nil: the default.
    @Test func anIndexDecidesWhatIsSeen() async throws {
        let rows: [(value: String, seen: [Float?])] = [
            ("5", [5, 5, nil]), ("null", [nil, nil, nil]), ("[]", [nil, nil, nil]), (#"["x",3]"#, [3, 3, .nan]),
            ("2.5", [2.5, nil, nil]), ("[null,4]", [4, 4, nil]), (#""x""#, [nil, nil, .nan]), ("[1,2]", [.nan, .nan, nil]),
        ]
        let points = try await TwelvePoints()
        let path = try Self.path("v")
        for (place, type) in [PayloadIndexType.float, .integer, .keyword].enumerated() {
            try await points.collection.createIndex(path, PayloadIndexParams(type: type))
            for (value, seen) in rows {
                let payload = try Payload(json: #"{"v":\#(value)}"#)
                try await points.collection.update([
                    .upsert(PointBatch([Point(id: .number(1), vector: [1, 0], payload: payload)]))
                ])
                let score = { try await self.score(.variable(.payload(path)), [.payload(path): .number(99)], points) }
                if let number = seen[place], number.isNaN {
                    await #expect(throws: QuiverError.self, "\(value) \(type)") { _ = try await score() }
                } else {
                    #expect(try await score() == seen[place] ?? 99, "\(value) \(type)")
                }
            }
        }
    }

    @Test func overPrefetches() async throws {
        let points = try await TwelvePoints()
        let prefetch = [Prefetch(query: TwelvePoints.near, limit: 4), Prefetch(query: TwelvePoints.high, limit: 4)]
        let both = ScoreExpression.sum([
            .variable(.score(prefetch: 0)), .product([.constant(10), .variable(.score(prefetch: 1))]),
        ])
        expectSame(
            try await points.ask(.formula(ScoreFormula(both)), prefetch),
            [(9, 7.818), (4, 6.7), (10, 4.8), (2, 2.1), (6, 0.978), (7, 0.66), (12, 0.556)])
        let k = ScoreFormula(.variable(.payload(try Self.path("k"))))
        expectSame(try await points.ask(.formula(k), prefetch, threshold: 7), [(12, 12), (10, 10), (9, 9), (7, 7)])
        expectSame(try await points.ask(.formula(k), prefetch, limit: 2, offset: 1), [(10, 10), (9, 9)])
        // One point that cannot be scored spoils the answer.
        await expectError(
            .badInput,
            "Expected number value for n in the payload and/or in the formula defaults. Error: Value is not a number"
        ) { try await points.ask(.formula(ScoreFormula(.variable(.payload(try Self.path("n"))))), prefetch) }
    }
}
