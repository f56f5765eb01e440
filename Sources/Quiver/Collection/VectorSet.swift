import QuiverLMDB
import QuiverModel

/// Which vectors a collection has, and the rest of its configuration, as its own environment knows it: `meta` holds it
/// under `vectors` from the first change of either on.
///
/// A change is one commit of `points.mdb`, together with its log record and the data that go with a name; the catalogue
/// follows. Each says of which generation its configuration is, so that an opening sees whether the catalogue was left
/// behind by a process that ended between the two, and brings it up to date.
struct VectorSet: Codable, Equatable {
    static let key = "vectors"

    /// 0: as the collection was made.
    var generation: UInt64
    var config: CollectionConfig

    init(generation: UInt64, _ config: CollectionConfig) {
        self.generation = generation
        self.config = config
    }

    /// Nil where no name was ever changed.
    static func read(_ store: CollectionStore) throws -> VectorSet? {
        let transaction = try store.environment.beginRead()
        guard let bytes = unsafe try transaction.handle.getChecked(store.meta, key) else { return nil }
        return unsafe try StoredConfig.decode(VectorSet.self, from: bytes)
    }

    func write(to store: CollectionStore, _ transaction: inout WriteTransaction) throws {
        try transaction.putChecked(store.meta, VectorSet.key, try StoredConfig.encode(self))
    }
}

extension CollectionConfig {
    /// This configuration with a vector name more; nil where it has the very same already. What can be tuned later
    /// (index, quantization, placement) does not make another configuration.
    ///
    /// - Throws: `.badInput` where the name is taken by something else.
    func adding(_ name: String, _ config: VectorNameConfig) throws(QuiverError) -> CollectionConfig? {
        let dense = vectors?.byName[name]
        let sparse = sparseVectors?[name]
        var result = self
        switch config {
        case .dense(let params):
            if sparse != nil { throw .badInput("Vector `\(name)` already exists as a sparse vector") }
            if let dense {
                if dense.isSameShape(as: params) { return nil }
                throw .badInput("Vector `\(name)` already exists with a different configuration")
            }
            // The unnamed vector is one of several from now on.
            var named = vectors?.byName ?? [:]
            named[name] = params
            result.vectors = .named(named)
        case .sparse(let params):
            if dense != nil { throw .badInput("Vector `\(name)` already exists as a dense vector") }
            if let sparse {
                if sparse.isSameShape(as: params) { return nil }
                throw .badInput("Sparse vector `\(name)` already exists with a different configuration")
            }
            result.sparseVectors = (sparseVectors ?? [:]).merging([name: params]) { _, new in new }
        }
        return result
    }

    /// This configuration without a vector name; nil where there is none.
    func removing(_ name: String) -> CollectionConfig? {
        var result = self
        if result.sparseVectors?.removeValue(forKey: name) != nil { return result }
        var named = vectors?.byName ?? [:]
        guard named.removeValue(forKey: name) != nil else { return nil }
        result.vectors = named.isEmpty ? nil : .named(named)
        return result
    }
}

extension VectorParams {
    fileprivate func isSameShape(as other: VectorParams) -> Bool {
        size == other.size && distance == other.distance && multivector == other.multivector
            && datatype == other.datatype
    }
}

extension SparseVectorParams {
    fileprivate func isSameShape(as other: SparseVectorParams) -> Bool {
        modifier == other.modifier && index?.datatype == other.index?.datatype
    }
}
