extension CollectionConfig {
    /// What has no effect, for each vector in the order of the names, as Qdrant puts it.
    public var warnings: [String] {
        (vectors?.byName ?? [:]).sorted { $0.key < $1.key }.compactMap { name, params in
            guard hnsw.applying(params.hnswConfig).inlineStorage == true else { return nil }
            let option = "The `hnsw_config.inline_storage` option for vector '\(name)'"
            if params.multivector != nil {
                return "\(option) is not compatible with multivectors. This option will be ignored."
            }
            if params.quantization == nil, quantization == nil {
                return "\(option) requires quantization to be enabled. This option will be ignored."
            }
            return nil
        }
    }
}
