package import QuiverModel

/// The file of a sealed segment, as a copy of a collection names it.
package struct SegmentFile: Sendable, Hashable, Codable {
    package var id: UInt64
    package var vectorName: String
    package var byteCount: UInt64
    /// SHA-256 of the whole file.
    package var sha256: [UInt8]

    package init(id: UInt64, vectorName: String, byteCount: UInt64, sha256: [UInt8]) {
        self.id = id
        self.vectorName = vectorName
        self.byteCount = byteCount
        self.sha256 = sha256
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
