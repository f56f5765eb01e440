import QuiverJSON
import QuiverModel

extension RequestDecoder {
    /// A vector or an id stands for itself; the other kinds are told by their member.
    static func query(_ node: JSONNode) throws(WireFault) -> Query {
        guard node.isObject else { return .nearest(try vectorInput(node, "QueryInterface")) }
        if let nearest = try node.field("nearest") {
            let input = try vectorInput(nearest)
            guard let mmr = try node.given("mmr") else { return .nearest(input) }
            return .diverse(input, try mmrParams(mmr))
        }
        if let recommend = try node.field("recommend") { return .recommend(try recommendInput(recommend)) }
        if let discover = try node.field("discover") { return .discover(try discoverInput(discover)) }
        if let context = try node.field("context") { return .context(try contextInput(context)) }
        if let order = try node.field("order_by") { return .orderBy(try orderBy(order)) }
        if let fusion = try node.field("fusion") { return .fusion(try self.fusion(fusion)) }
        if let rrf = try node.field("rrf") { return .fusion(try rankFusion(rrf)) }
        if let formula = try node.field("formula") { return .formula(try scoreFormula(formula, in: node)) }
        if let sample = try node.field("sample") {
            guard sample.isString("random") else {
                throw sample.unknownVariant(try sample.text(), [SampleMethod.random.rawValue])
            }
            return .sample(.random)
        }
        if let feedback = try node.field("relevance_feedback") {
            return .relevanceFeedback(try feedbackInput(feedback))
        }
        return .nearest(try vectorInput(node, "QueryInterface"))
    }

    private static func mmrParams(_ node: JSONNode) throws(WireFault) -> MMRParams {
        try node.requireObject("struct Mmr")
        return MMRParams(
            diversity: try node.given("diversity")?.float(from: 0, to: 1),
            candidatesLimit: try node.optionalCount("candidates_limit", bound: Limits.mmrCandidates))
    }

    private static func recommendInput(_ node: JSONNode) throws(WireFault) -> RecommendInput {
        try node.requireObject("struct RecommendInput")
        let positive = try node.given("positive")
        let negative = try node.given("negative")
        let strategy = try recommendStrategy(node)
        let input = try WireFault.changing(onlyFirst: true, { $0.hoisted(to: node) }) { () throws(WireFault) in
            RecommendInput(
                positive: try positive.map { (list) throws(WireFault) in try vectorInputs(list) } ?? [],
                negative: try negative.map { (list) throws(WireFault) in try vectorInputs(list) } ?? [],
                strategy: strategy)
        }
        if input.positive.isEmpty && input.negative.isEmpty {
            try node.breaks(
                "Validation error: At least one positive or negative vector/id must be provided [{}]",
                suffix: "positives, negatives")
        }
        return input
    }

    /// Ids and vectors, mixed.
    private static func vectorInputs(_ node: JSONNode) throws(WireFault) -> [VectorInput] {
        try node.list("a sequence") { (item) throws(WireFault) in try vectorInput(item) }
    }

    static func recommendStrategy(_ node: JSONNode) throws(WireFault) -> RecommendStrategy {
        guard let strategy = try node.given("strategy") else { return .averageVector }
        let name = try strategy.text()
        guard let known = RecommendStrategy(rawValue: name) else {
            throw strategy.unknownVariant(name, ["average_vector", "best_score", "sum_scores"])
        }
        return known
    }

    private static func discoverInput(_ node: JSONNode) throws(WireFault) -> DiscoverInput {
        try node.requireObject("struct DiscoverInput")
        let target = try vectorInput(node.required("target"))
        let context = try node.required("context")
        return DiscoverInput(target: target, context: context.isNull ? [] : try contextPairs(context))
    }

    /// One pair, or a list of them.
    private static func contextPairs(_ node: JSONNode) throws(WireFault) -> [ContextPair] {
        try node.oneOrMany("a sequence of context pairs") { (item) throws(WireFault) in
            try contextPair(item) { (example) throws(WireFault) in try vectorInput(example) }
        }
    }

    static func contextPair(
        _ node: JSONNode, _ example: (JSONNode) throws(WireFault) -> VectorInput
    ) throws(WireFault) -> ContextPair {
        try node.requireObject("struct ContextPair")
        return ContextPair(
            positive: try example(node.required("positive")), negative: try example(node.required("negative")))
    }

    /// Of the broken rules of its vectors the first is told, without their places.
    private static func contextInput(_ node: JSONNode) throws(WireFault) -> [ContextPair] {
        if node.isNull { return [] }
        return try WireFault.changing(onlyFirst: true, { $0.hoisted(to: node) }) { () throws(WireFault) in
            try contextPairs(node)
        }
    }

    private static func feedbackInput(_ node: JSONNode) throws(WireFault) -> FeedbackInput {
        try node.requireObject("struct RelevanceFeedbackInput")
        let target = try vectorInput(node.required("target"))
        let feedback = try node.required("feedback").list("a sequence") { (item) throws(WireFault) in
            try item.requireObject("struct FeedbackItem")
            return FeedbackInput.Item(
                example: try vectorInput(item.required("example")), score: try item.required("score").float())
        }
        let strategy = try node.required("strategy")
        guard strategy.isObject, let naive = try strategy.field("naive") else {
            throw strategy.noVariant("FeedbackStrategy")
        }
        try naive.requireObject("struct NaiveFeedbackStrategyParams")
        let params = FeedbackInput.NaiveStrategy(
            a: try naive.required("a").float(), b: try naive.required("b").float(from: 0),
            c: try naive.required("c").float())
        if feedback.isEmpty { try node.breaks("feedback elements must be non-empty", suffix: "__all__") }
        return FeedbackInput(target: target, feedback: feedback, strategy: params)
    }

    private static func fusion(_ node: JSONNode) throws(WireFault) -> Fusion {
        let name = try node.text()
        switch name {
        case "rrf": return .rrf(k: nil, weights: nil)
        case "dbsf": return .dbsf
        default: throw node.unknownVariant(name, ["rrf", "dbsf"])
        }
    }

    private static func rankFusion(_ node: JSONNode) throws(WireFault) -> Fusion {
        try node.requireObject("struct Rrf")
        let k = try node.optionalCount("k", from: 1)
        let weights = try node.given("weights").map { (list) throws(WireFault) in
            try list.list("a sequence") { (item) throws(WireFault) in try item.float() }
        }
        return .rrf(k: k, weights: weights)
    }

    /// A key, or `{key, direction?, start_from?}`.
    static func orderBy(_ node: JSONNode) throws(WireFault) -> OrderBy {
        if node.isString { return OrderBy(key: try node.path()) }
        guard node.isObject else { throw node.noVariant("OrderByInterface") }
        var order = OrderBy(key: try node.required("key").path())
        if let direction = try node.given("direction") {
            let name = try direction.text()
            guard let known = OrderBy.Direction(rawValue: name) else {
                throw direction.unknownVariant(name, ["asc", "desc"])
            }
            order.direction = known
        }
        if let start = try node.given("start_from") {
            order.startFrom =
                switch start.kind {
                case .int64: .integer(start.int64 ?? 0)
                case .uint64, .double: .float(try start.number())
                case .string: .datetime(try start.timestamp())
                default: throw start.noVariant("StartFrom")
                }
        }
        return order
    }
}
