import Foundation

import QuiverModel

extension CollectionConfig {
    /// This configuration with a patch applied.
    ///
    /// - Throws: `.badInput` for a vector that is not there.
    func applying(_ patch: CollectionPatch) throws(QuiverError) -> CollectionConfig {
        var result = self
        result.hnsw = hnsw.applying(patch.hnsw)
        result.optimizers = optimizers.applying(patch.optimizers)
        if let value = patch.replicationFactor { result.replicationFactor = value }
        if let value = patch.writeConsistencyFactor { result.writeConsistencyFactor = value }
        if let value = patch.onDiskPayload { result.onDiskPayload = value }
        for (name, change) in patch.vectors { try result.apply(change, toVector: name) }
        if let metadata = patch.metadata { result.metadata = try CollectionConfig.merge(metadata, into: result.metadata) }
        return result
    }

    private mutating func apply(_ change: VectorParamsPatch, toVector name: String) throws(QuiverError) {
        guard var params = vectors?.byName[name] else { throw .vectorNameUnknown(name) }
        if let patch = change.hnswConfig {
            var merged = params.hnswConfig ?? HNSWConfigPatch()
            merged.merge(patch)
            params.hnswConfig = merged
        }
        if let onDisk = change.onDisk { params.onDisk = onDisk }
        switch vectors {
        case .unnamed?: vectors = .unnamed(params)
        case .named(var named)?:
            named[name] = params
            vectors = .named(named)
        case nil: break
        }
    }

    /// Merges the keys of one JSON object into another; a null removes its key.
    private static func merge(_ patch: String, into metadata: String?) throws(QuiverError) -> String {
        do {
            var merged = try object(metadata ?? "{}")
            for (key, value) in try object(patch) { merged[key] = value is NSNull ? nil : value }
            let data = try JSONSerialization.data(withJSONObject: merged, options: [.sortedKeys])
            return String(decoding: data, as: UTF8.self)
        } catch {
            throw .badRequest("metadata has to be a JSON object: \(error)")
        }
    }

    private static func object(_ text: String) throws -> [String: Any] {
        try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
    }
}
