import Quiver
import Testing

/// Every kind of query that compares vectors, with the scores Qdrant gives.
struct RankedKindsTests {
    enum Kind: Sendable {
        case nearest, discover, context, best, sum, feedback

        var query: Query {
            switch self {
            case .nearest: TwelvePoints.near
            case .discover: .discover(DiscoverInput(target: .dense([0.5, 0.5]), context: [pair([1, 0], [0, 1])]))
            case .context: .context([pair([1, 0], [0, 1]), pair([0.5, 0], [0, -1])])
            case .best: .recommend(RecommendInput(positive: [.dense([1, 0])], negative: [.dense([0, 1])], strategy: .bestScore))
            case .sum: .recommend(RecommendInput(positive: [.dense([1, 0])], negative: [.dense([0, 1])], strategy: .sumScores))
            case .feedback:
                .relevanceFeedback(
                    FeedbackInput(
                        target: .dense([1, 0.3]),
                        feedback: [
                            .init(example: .dense([0.2, 0.2]), score: 0.9), .init(example: .dense([0, 1]), score: 0.5),
                            .init(example: .dense([-1, 0.2]), score: 0.1), .init(example: .dense([0.4, -0.2]), score: 0.5),
                        ],
                        strategy: .init(a: 0.5, b: 1.2, c: 0.3)))
            }
        }
    }

    static func pair(_ positive: [Float], _ negative: [Float]) -> ContextPair {
        ContextPair(positive: .dense(positive), negative: .dense(negative))
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let distance: Distance
        let kind: Kind
        /// Answers with a threshold of 0.
        let passing: Int?
        let hits: [TwelvePoints.Hit]

        init(_ distance: Distance, _ kind: Kind, _ passing: Int?, _ hits: [TwelvePoints.Hit]) {
            self.distance = distance
            self.kind = kind
            self.passing = passing
            self.hits = hits
        }

        var testDescription: String { "\(distance) \(kind)" }
    }

    static let ranked: [Case] = [
        Case(.dot, .nearest, nil,
            [(6, 0.978), (7, 0.66), (12, 0.556), (9, 0.418), (11, 0.166), (10, 0.146), (8, 0.14), (3, 0.076),
             (2, -0.218), (1, -0.502), (5, -0.586), (4, -0.836)]),
        Case(.dot, .discover, 7,
            [(6, 1.6587), (12, 1.62963), (7, 1.61832), (8, 1.41322), (11, 1.39526), (3, 1.38168), (5, 1.33223),
             (9, -0.33223), (10, -0.39526), (2, -0.5122), (4, -0.56522), (1, -0.58848)]),
        Case(.dot, .context, 0,
            [(12, 0), (6, 0), (7, 0), (10, -0.3007), (9, -0.31973), (2, -0.31973), (8, -0.35897), (11, -0.41176),
             (3, -0.42693), (5, -0.43503), (1, -0.52418), (4, -0.62121)]),
        Case(.dot, .best, 7,
            [(6, 0.74874), (7, 0.7006), (12, 0.67105), (11, 0.62687), (8, 0.60938), (3, 0.6), (5, 0.33784),
             (1, -0.54128), (2, -0.58678), (10, -0.66216), (4, -0.7006), (9, -0.71264)]),
        Case(.dot, .sum, 7,
            [(11, 1.21), (3, 1.12), (6, 1.05), (8, 0.98), (7, 0.72), (12, 0.34), (5, 0.05), (10, -0.43),
             (2, -0.47), (9, -0.47), (1, -0.61), (4, -1.64)]),
        Case(.dot, .feedback, 8,
            [(6, 0.99605), (7, 0.67269), (12, 0.55491), (9, 0.38511), (11, 0.21467), (8, 0.17926), (3, 0.1233),
             (10, 0.12276), (2, -0.23245), (1, -0.51441), (5, -0.5668), (4, -0.88425)]),
        Case(.euclid, .nearest, nil,
            [(6, 0.26019), (7, 0.414), (12, 0.48042), (9, 0.90802), (10, 0.9904), (8, 1.15256), (11, 1.25718),
             (2, 1.26004), (3, 1.30668), (1, 1.52398), (5, 1.65024), (4, 2.02529)]),
        Case(.euclid, .discover, 0,
            [(12, 1.45339), (7, 1.37554), (6, 1.32181), (8, 1.20093), (11, 1.17227), (3, 1.1701), (5, 1.16549),
             (9, -0.54975), (10, -0.58434), (2, -0.6991), (1, -0.7736), (4, -0.84325)]),
        Case(.euclid, .context, 0,
            [(7, 0), (12, 0), (6, 0), (8, -0.27007), (11, -0.39394), (3, -0.42529), (5, -0.44134), (10, -0.46237),
             (9, -0.48454), (2, -0.48454), (1, -0.54955), (4, -0.76636)]),
        Case(.euclid, .best, 0,
            [(6, 0.49816), (7, 0.44988), (12, 0.39595), (8, 0.24895), (11, 0.22805), (3, 0.21557), (5, 0.14404),
             (1, -0.23827), (4, -0.24393), (2, -0.29556), (10, -0.3928), (9, -0.4384)]),
        Case(.euclid, .sum, 0,
            [(11, 2.42), (3, 2.24), (6, 2.1), (8, 1.96), (7, 1.44), (12, 0.68), (5, 0.1), (10, -0.86), (2, -0.94),
             (9, -0.94), (1, -1.22), (4, -3.28)]),
        Case(.euclid, .feedback, 0,
            [(6, 1.36742), (7, 0.98684), (12, 0.82558), (9, 0.32712), (10, -0.00377), (8, -0.05852),
             (11, -0.13975), (3, -0.29593), (2, -0.65359), (1, -1.3009), (5, -1.52208), (4, -2.59623)]),
        Case(.cosine, .nearest, nil,
            [(12, 0.99079), (6, 0.96692), (7, 0.96327), (9, 0.52034), (10, 0.29665), (8, 0.18209), (11, 0.17426),
             (3, 0.08233), (2, -0.63961), (4, -0.69537), (5, -0.80361), (1, -0.93277)]),
        Case(.cosine, .discover, 7,
            [(12, 1.73677), (6, 1.69934), (7, 1.69743), (8, 1.3587), (11, 1.35683), (3, 1.33686), (5, 1.25015),
             (9, -0.26224), (10, -0.28144), (2, -0.54783), (4, -0.57625), (1, -0.68277)]),
        Case(.cosine, .context, 0,
            [(7, 0), (6, 0), (12, 0), (8, -0.35777), (11, -0.362), (9, -0.37369), (3, -0.4065), (10, -0.47118),
             (5, -0.58549), (2, -0.71456), (4, -0.78464), (1, -0.98513)]),
        Case(.cosine, .best, 7,
            [(6, 0.74977), (7, 0.74965), (12, 0.74293), (8, 0.63541), (11, 0.63343), (3, 0.60821), (5, 0.29917),
             (1, -0.57285), (4, -0.68119), (2, -0.69294), (9, -0.74219), (10, -0.74933)]),
        Case(.cosine, .sum, 7,
            [(8, 1.29987), (11, 1.2954), (3, 1.23729), (7, 1.07165), (6, 1.05866), (12, 0.61788), (5, 0.06992),
             (9, -0.59666), (10, -0.89101), (1, -1.15589), (4, -1.39113), (2, -1.40628)]),
        Case(.cosine, .feedback, 7,
            [(12, 1.25605), (6, 1.17933), (7, 1.17314), (9, 0.75358), (10, 0.4858), (8, 0.10987), (11, 0.09991),
             (3, -0.01656), (2, -0.70813), (4, -0.78391), (5, -1.07699), (1, -1.12395)]),
        Case(.manhattan, .nearest, nil,
            [(6, 0.27), (12, 0.5), (7, 0.58), (10, 1.23), (9, 1.27), (2, 1.27), (8, 1.62), (1, 1.63), (11, 1.73),
             (3, 1.82), (5, 2.21), (4, 2.44)]),
        Case(.manhattan, .discover, 0,
            [(12, 1.37313), (7, 1.2907), (6, 1.2439), (8, 1.20661), (11, 1.19763), (3, 1.19084), (5, 0.16611),
             (9, -0.65986), (10, -0.65986), (2, -0.7561), (1, -0.79424), (4, -0.81061)]),
        Case(.manhattan, .context, 0,
            [(6, 0), (7, 0), (12, 0), (1, -0.15254), (8, -0.25373), (2, -0.29577), (11, -0.35897), (5, -0.35897),
             (3, -0.42529), (10, -0.46237), (9, -0.48454), (4, -0.57265)]),
        Case(.manhattan, .best, 0,
            [(6, 0.46729), (7, 0.36232), (12, 0.3012), (8, 0.20661), (11, 0.19763), (3, 0.19084), (5, -0.16611),
             (1, -0.20576), (4, -0.21739), (2, -0.2439), (10, -0.31847), (9, -0.3268)]),
        Case(.manhattan, .sum, 0,
            [(6, 1.98), (7, 1.34), (11, 0.68), (12, 0.68), (8, 0.56), (3, 0.5), (5, 0), (1, -0.18), (2, -0.42),
             (10, -0.86), (9, -0.94), (4, -1.34)]),
        Case(.manhattan, .feedback, 0,
            [(6, 0.3302), (12, 0.2152), (7, 0.1752), (9, -0.0698), (10, -0.1786), (8, -0.3448), (11, -0.3998),
             (3, -0.4448), (2, -0.55479), (1, -0.96804), (5, -1.22369), (4, -1.65944)]),
    ]

    @Test(arguments: ranked) func scores(_ expected: Case) async throws {
        let points = try await TwelvePoints(expected.distance)
        let hits = try await points.ask(expected.kind.query)
        expectSame(hits, expected.hits)
        for limit in [1, 5, 9] {
            let page = try await points.ask(expected.kind.query, limit: limit, offset: 2)
            #expect(page.map(\.score) == hits.dropFirst(2).prefix(limit).map(\.score))
        }
        if let passing = expected.passing {
            let answers = try await points.ask(expected.kind.query, threshold: 0)
            expectSame(answers, Array(expected.hits.prefix(passing)), "threshold")
        }
    }

    @Test func ofPairsThatSayNothing() async throws {
        let points = try await TwelvePoints()
        let target = VectorInput.dense([0.5, 0.5])
        let plain = try await points.ask(.discover(DiscoverInput(target: target, context: [])))
        #expect(plain.count == 12 && plain[0].id == 9 && abs(plain[0].score - 0.66777) < 1e-5)
        // A pair of the same vector twice neither wins nor loses.
        let tied = try await points.ask(
            .discover(DiscoverInput(target: target, context: [Self.pair([1, 0], [1, 0])])))
        expectSame(tied, plain)
        let indifferent = try await points.ask(.context([]))
        #expect(indifferent.count == 12 && indifferent.allSatisfy { $0.score == 0 })
    }

    @Test func feedbackThatDoesNotDiffer() async throws {
        let points = try await TwelvePoints()
        func ask(_ feedback: [FeedbackInput.Item]) async throws -> [TwelvePoints.Hit] {
            try await points.ask(
                .relevanceFeedback(
                    FeedbackInput(target: .dense([1, 0.3]), feedback: feedback, strategy: .init(a: 0.5, b: 0, c: 0.3))),
                limit: 3)
        }
        let expected: [TwelvePoints.Hit] = [(6, 0.486), (7, 0.3275), (12, 0.287)]
        expectSame(try await ask([]), expected)
        expectSame(
            try await ask([.init(example: .dense([1, 0]), score: 0.5), .init(example: .dense([0, 1]), score: 0.5)]), expected)
    }
}
