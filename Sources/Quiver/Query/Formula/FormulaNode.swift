import QuiverModel

/// An expression made ready: what it looks up are numbers of places.
indirect enum FormulaNode {
    case constant(Double)
    /// Of the prefetch of this number.
    case score(Int)
    case number(variable: Int)
    case condition(Int)
    case distance(from: GeoPoint, variable: Int)
    case datetime(variable: Int)
    case sum([FormulaNode])
    case product([FormulaNode])
    case negation(FormulaNode)
    case absolute(FormulaNode)
    case quotient(FormulaNode, by: FormulaNode, byZeroDefault: Double?)
    case squareRoot(FormulaNode)
    case power(FormulaNode, exponent: FormulaNode)
    case exponential(FormulaNode)
    case log10(FormulaNode)
    case naturalLog(FormulaNode)
    case decay(ScoreDecay.Shape, x: FormulaNode, target: FormulaNode?, lambda: Double)
}

/// A path into the payload that a formula names, and what stands in for a missing value.
struct FormulaVariable {
    let path: PayloadPath
    let fallback: FormulaValue?
}

/// Compiles a formula. Numbers of a request count in single precision, as in Qdrant.
struct FormulaCompiler {
    private let defaults: [ScoreVariable: FormulaValue]
    private(set) var variables: [FormulaVariable] = []
    private(set) var conditions: [Condition] = []
    private var places: [PayloadPath: Int] = [:]

    init(defaults: [ScoreVariable: FormulaValue]) { self.defaults = defaults }

    /// - Throws: `.badInput` for a decay that is none.
    mutating func node(_ expression: ScoreExpression) throws(QuiverError) -> FormulaNode {
        switch expression {
        case .constant(let number): return .constant(Double(Float(number)))
        case .variable(.score(let prefetch)): return .score(prefetch)
        case .variable(.payload(let path)): return .number(variable: variable(path))
        case .condition(let condition):
            conditions.append(condition)
            return .condition(conditions.count - 1)
        case .geoDistance(let origin, let path): return .distance(from: origin, variable: variable(path))
        case .datetime(let time): return .constant(time.formulaSeconds)
        case .datetimeKey(let path): return .datetime(variable: variable(path))
        case .sum(let terms): return .sum(try nodes(terms))
        case .product(let factors): return .product(try nodes(factors))
        case .negation(let inner): return .negation(try node(inner))
        case .absolute(let inner): return .absolute(try node(inner))
        case .quotient(let left, let right, let byZeroDefault):
            return .quotient(
                try node(left), by: try node(right), byZeroDefault: byZeroDefault.map { Double(Float($0)) })
        case .squareRoot(let inner): return .squareRoot(try node(inner))
        case .power(let base, let exponent): return .power(try node(base), exponent: try node(exponent))
        case .exponential(let inner): return .exponential(try node(inner))
        case .log10(let inner): return .log10(try node(inner))
        case .naturalLog(let inner): return .naturalLog(try node(inner))
        case .decay(let decay):
            let lambda = try FormulaDecay.lambda(decay)
            let target = decay.target
            return .decay(decay.shape, x: try node(decay.x), target: try target.map { expression throws(QuiverError) in
                try node(expression)
            }, lambda: lambda)
        }
    }

    private mutating func nodes(_ expressions: [ScoreExpression]) throws(QuiverError) -> [FormulaNode] {
        var nodes: [FormulaNode] = []
        for expression in expressions { nodes.append(try node(expression)) }
        return nodes
    }

    /// A path has one place, however often it is named.
    private mutating func variable(_ path: PayloadPath) -> Int {
        if let place = places[path] { return place }
        variables.append(FormulaVariable(path: path, fallback: defaults[.payload(path)]))
        places[path] = variables.count - 1
        return variables.count - 1
    }
}

extension Timestamp {
    /// Seconds since the epoch.
    var formulaSeconds: Double { Double(microsecondsSinceEpoch) / 1_000_000 }
}
