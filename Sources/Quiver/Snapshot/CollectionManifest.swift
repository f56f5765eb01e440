import QuiverArchive
package import QuiverModel

/// The file of a sealed segment, as a copy of a collection names it.
package struct SegmentFile: Sendable, Hashable {
    package var id: UInt64
    package var vectorName: String
    package var byteCount: UInt64
    /// SHA-256 of the whole file; empty where nothing is known of it.
    package var sha256: [UInt8]

    package init(id: UInt64, vectorName: String, byteCount: UInt64, sha256: [UInt8]) {
        self.id = id
        self.vectorName = vectorName
        self.byteCount = byteCount
        self.sha256 = sha256
    }
}

/// With the digest in hexadecimal digits.
extension SegmentFile: Codable {
    private enum Key: String, CodingKey {
        case id, bytes, sha256
        case vectorName = "vector"
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        let digest = try values.decodeIfPresent(String.self, forKey: .sha256) ?? ""
        guard let bytes = Hexadecimal.bytes(digest), bytes.isEmpty || bytes.count == Checksum.bytes else {
            throw DecodingError.dataCorruptedError(forKey: .sha256, in: values, debugDescription: "no SHA-256")
        }
        self.init(
            id: try values.decode(UInt64.self, forKey: .id), vectorName: try values.decode(String.self, forKey: .vectorName),
            byteCount: try values.decode(UInt64.self, forKey: .bytes), sha256: bytes)
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        try values.encode(id, forKey: .id)
        try values.encode(vectorName, forKey: .vectorName)
        try values.encode(byteCount, forKey: .bytes)
        if !sha256.isEmpty { try values.encode(Hexadecimal.text(sha256), forKey: .sha256) }
    }
}

/// What a copy of a collection begins with: everything about it that its records and segment files do not say.
package struct CollectionManifest: Sendable, Codable {
    package var name: String
    /// The name of its directory, which no other collection has had or will have.
    package var identity: String
    /// Of the newest update in the copy.
    package var sequence: UInt64
    package var config: CollectionConfig
    /// Of the vector set that `config` speaks of.
    package var vectorGeneration: UInt64
    /// By their ids.
    package var segments: [SegmentFile]

    private enum CodingKeys: String, CodingKey {
        case name, identity, sequence, config, segments
        case vectorGeneration = "vector_generation"
    }

    package init(
        name: String, identity: String, sequence: UInt64, config: CollectionConfig, vectorGeneration: UInt64,
        segments: [SegmentFile]
    ) {
        self.name = name
        self.identity = identity
        self.sequence = sequence
        self.config = config
        self.vectorGeneration = vectorGeneration
        self.segments = segments
    }
}
