import Foundation
public import QuiverModel

/// What a frozen sample holds, as JSON beside it. Any program can compare it with what it reads.
public struct FormatExpectation: Codable, Sendable {
    public struct Collection: Codable, Sendable {
        public var sequence: UInt64
        public var points: [Point]
        /// By the name of a question of `FormatQuestion`.
        public var counts: [String: Int]
        public var queries: [Query]
    }

    public struct Point: Codable, Sendable {
        public var id: PointID
        public var version: UInt64
        /// The text of the payload, byte for byte.
        public var payload: String
        /// By name, as they are stored: normalised where the distance is Cosine, rounded to the datatype.
        public var vectors: [String: Numbers]
    }

    public struct Query: Codable, Sendable {
        public var using: String
        public var vector: Numbers
        /// All points that have the vector, the best first.
        public var answers: [Answer]
    }

    public struct Answer: Codable, Sendable {
        public var id: PointID
        public var score: Double
    }

    /// A vector: an array, of a multivector an array of arrays, of a sparse vector an object.
    public enum Numbers: Codable, Sendable {
        case value(VectorValue)

        private enum CodingKeys: String, CodingKey { case indices, values }

        public init(from decoder: any Decoder) throws {
            if let object = try? decoder.container(keyedBy: CodingKeys.self) {
                self = .value(
                    .sparse(
                        SparseVector(
                            indices: try object.decode([UInt32].self, forKey: .indices),
                            values: try object.decode([Float].self, forKey: .values))))
                return
            }
            let single = try decoder.singleValueContainer()
            if let rows = try? single.decode([[Float]].self) {
                self = .value(.multi(rows))
            } else {
                self = .value(.dense(try single.decode([Float].self)))
            }
        }

        public func encode(to encoder: any Encoder) throws {
            guard case .value(let value) = self else { return }
            switch value {
            case .dense(let row): try row.encode(to: encoder)
            case .multi(let rows): try rows.encode(to: encoder)
            case .sparse(let vector):
                var object = encoder.container(keyedBy: CodingKeys.self)
                try object.encode(vector.indices, forKey: .indices)
                try object.encode(vector.values, forKey: .values)
            }
        }

        public var value: VectorValue {
            switch self { case .value(let value): value }
        }
    }

    public var collections: [String: Collection]
    public var aliases: [String: String]

    public init(collections: [String: Collection], aliases: [String: String]) {
        self.collections = collections
        self.aliases = aliases
    }

    public init(path: String) throws {
        self = try JSONDecoder().decode(Self.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    }

    public func write(_ path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(self).write(to: URL(fileURLWithPath: path))
    }
}
