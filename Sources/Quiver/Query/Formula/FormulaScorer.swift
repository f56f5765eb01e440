import Glibc

import QuiverJSON
import QuiverModel
import QuiverPayload

/// A formula made ready for the points of one request: double precision inside, single precision in the end.
struct FormulaScorer {
    /// What is known of the point that is scored.
    @safe struct Point {
        let slot: UInt32
        /// Stored text.
        let payload: UnsafeRawBufferPointer
        /// Its score in each prefetch, nil where it was not found.
        let scores: [Float?]

        init(slot: UInt32, payload: UnsafeRawBufferPointer, scores: [Float?]) {
            self.slot = slot
            unsafe self.payload = payload
            self.scores = scores
        }
    }

    private let root: FormulaNode
    private let variables: [FormulaVariable]
    private let paths: [CompiledPath]
    /// Of the fields of the variables.
    private let indexes: [PayloadIndexType?]
    private let conditions: [CompiledFilter]
    private let defaultScores: [Int: Double]

    init(_ formula: ScoreFormula, _ resolver: FilterResolver, _ deadline: Deadline) throws {
        var compiler = FormulaCompiler(defaults: formula.defaults)
        root = try compiler.node(formula.expression)
        variables = compiler.variables
        paths = variables.map { CompiledPath($0.path) }
        indexes = variables.map { variable in
            resolver.view.indexes[variable.path].flatMap { $0.isReady ? $0.params.type : nil }
        }
        conditions = try compiler.conditions.map { try resolver.compiled(Filter(must: [$0]), deadline) }
        var defaultScores: [Int: Double] = [:]
        for case (.score(let prefetch), .number(let number)) in formula.defaults { defaultScores[prefetch] = number }
        self.defaultScores = defaultScores
    }

    /// - Throws: `.badInput` for a value that is missing or of another type, and for a result that is no number.
    func score(_ point: Point) throws -> Float {
        let value = try value(root, point)
        let score = Float(value)
        guard score.isFinite else {
            throw FormulaScorer.notFinite("\(FormulaText.of(value)) as f32 = \(FormulaText.of(score))")
        }
        return score
    }

    private static func notFinite(_ expression: String) -> QuiverError {
        .badInput("The expression \(expression) produced a non-finite number")
    }

    private static func finite(_ result: Double, _ expression: (String) -> String) throws -> Double {
        guard result.isFinite else { throw notFinite(expression(FormulaText.of(result))) }
        return result
    }

    private func value(_ node: FormulaNode, _ point: Point) throws -> Double {
        switch node {
        case .constant(let number): return number
        case .score(let prefetch):
            if prefetch < point.scores.count, let score = point.scores[prefetch] { return Double(score) }
            return defaultScores[prefetch] ?? 0
        case .number(let variable): return try number(variable, point)
        case .condition(let condition): return try conditions[condition].matches(point.slot) ? 1 : 0
        case .distance(let origin, let variable): return FormulaScorer.metres(origin, try place(variable, point))
        case .datetime(let variable): return try datetime(variable, point)
        case .sum(let terms):
            var sum = 0.0
            for term in terms { sum += try value(term, point) }
            return sum
        case .product(let factors):
            var product = 1.0
            for factor in factors {
                let value = try value(factor, point)
                // What follows is not even looked at.
                if value == 0 { return 0 }
                product *= value
            }
            return product
        case .negation(let inner): return -(try value(inner, point))
        case .absolute(let inner): return abs(try value(inner, point))
        case .quotient(let left, let right, let byZeroDefault):
            let left = try value(left, point)
            if left == 0 { return 0 }
            let right = try value(right, point)
            if right == 0, let byZeroDefault { return byZeroDefault }
            return try FormulaScorer.finite(left / right) {
                "\(FormulaText.of(left))/\(FormulaText.of(right)) = \($0)"
            }
        case .squareRoot(let inner):
            let x = try value(inner, point)
            return try FormulaScorer.finite(x.squareRoot()) { "√\(FormulaText.of(x)) = \($0)" }
        case .power(let base, let exponent):
            let (base, exponent) = (try value(base, point), try value(exponent, point))
            return try FormulaScorer.finite(pow(base, exponent)) {
                "\(FormulaText.of(base))^\(FormulaText.of(exponent)) = \($0)"
            }
        case .exponential(let inner):
            let x = try value(inner, point)
            return try FormulaScorer.finite(exp(x)) { "exp(\(FormulaText.of(x))) = \($0)" }
        case .log10(let inner):
            let x = try value(inner, point)
            return try FormulaScorer.finite(Glibc.log10(x)) { "log10(\(FormulaText.of(x))) = \($0)" }
        case .naturalLog(let inner):
            let x = try value(inner, point)
            return try FormulaScorer.finite(log(x)) { "ln(\(FormulaText.of(x))) = \($0)" }
        case .decay(let shape, let x, let target, let lambda):
            let x = try value(x, point)
            let target = try target.map { try value($0, point) } ?? 0
            return FormulaDecay.value(shape, x, target: target, lambda: lambda)
        }
    }
}

// MARK: Variables

extension FormulaScorer {
    /// The value of a variable: its only one in the payload, all of them as an array, or its default.
    private func found(_ variable: Int, _ point: Point) -> JSONValue? {
        let values = FormulaVariable.shown(
            unsafe PayloadText.values(of: point.payload, at: paths[variable]), by: indexes[variable])
        if values.count < 2 { return values.first }
        return .array(values)
    }

    private func unfit(_ variable: Int, _ type: String, _ reason: String) -> QuiverError {
        .badInput(
            "Expected \(type) value for \(variables[variable].path.text) in the payload and/or in the formula defaults. "
                + "Error: \(reason)")
    }

    private static let nothingFound = "No value found in a payload nor defaults"

    private func number(_ variable: Int, _ point: Point) throws -> Double {
        switch found(variable, point) {
        case .int(let number)?: return Double(number)
        case .uint(let number)?: return Double(number)
        case .double(let number)?: return number
        case .some: throw unfit(variable, "number", "Value is not a number")
        case nil: break
        }
        switch variables[variable].fallback {
        case .number(let number)?: return number
        case .some: throw unfit(variable, "number", "Value is not a number")
        case nil: throw unfit(variable, "number", Self.nothingFound)
        }
    }

    private func datetime(_ variable: Int, _ point: Point) throws -> Double {
        let text: String
        switch found(variable, point) {
        case .string(let found)?: text = found
        case .some: throw unfit(variable, "datetime", "Value is not a string")
        case nil:
            switch variables[variable].fallback {
            case .text(let fallback)?: text = fallback
            case .some: throw unfit(variable, "datetime", "Value is not a string")
            case nil: throw unfit(variable, "datetime", Self.nothingFound)
            }
        }
        guard let time = Timestamp(text) else { throw unfit(variable, "datetime", "input contains invalid characters") }
        return time.formulaSeconds
    }

    private func place(_ variable: Int, _ point: Point) throws -> GeoPoint {
        let type = "geo point"
        if let value = found(variable, point) {
            switch FormulaPlace.read(value) {
            case .success(let place): return place
            case .failure(let fault): throw unfit(variable, type, fault.reason)
            }
        }
        switch variables[variable].fallback {
        case .geo(let place)?:
            switch FormulaPlace.checked(place) {
            case .success(let place): return place
            case .failure(let fault): throw unfit(variable, type, fault.reason)
            }
        case .some: throw unfit(variable, type, "expected an object with `lon` and `lat`")
        case nil: throw unfit(variable, type, Self.nothingFound)
        }
    }

    /// Along the great circle, on a sphere with the mean radius of the Earth.
    static func metres(_ from: GeoPoint, _ to: GeoPoint) -> Double {
        let degree = Double.pi / 180
        let (one, other) = (from.lat * degree, to.lat * degree)
        let latitudes = sin((other - one) / 2)
        let longitudes = sin((to.lon - from.lon) * degree / 2)
        let squared = latitudes * latitudes + cos(one) * cos(other) * longitudes * longitudes
        return 2 * asin(min(1, squared.squareRoot())) * 6_371_008.8
    }
}
