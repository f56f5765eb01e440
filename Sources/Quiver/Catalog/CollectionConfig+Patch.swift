import QuiverModel
import QuiverPayload

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
        if let value = patch.payloadMemory { result.payloadMemory = value }
        if let change = patch.quantization { result.quantization = change.config }
        for (name, params) in patch.sparseVectors {
            guard let old = result.sparseVectors?[name] else { throw .vectorNameUnknown(name) }
            result.sparseVectors?[name] = old.merging(params)
        }
        for (name, change) in patch.vectors { try result.apply(change, toVector: name) }
        if let metadata = patch.metadata { result.metadata = try CollectionConfig.merge(metadata, into: result.metadata) }
        if let strictMode = patch.strictMode {
            result.strictMode = (result.strictMode ?? StrictModeConfig()).merging(strictMode)
        }
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
        if let memory = change.memory { params.memory = memory }
        if let quantization = change.quantization { params.quantization = quantization.config }
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
            return PayloadText.merge(try Payload(json: patch), into: try Payload(json: metadata ?? "{}"), at: nil).text
        } catch {
            throw .badRequest("metadata has to be a JSON object: \(error)")
        }
    }
}

extension SparseVectorParams {
    /// Of both, what `other` gives. The datatype of what is stored does not change.
    fileprivate func merging(_ other: SparseVectorParams) -> SparseVectorParams {
        var result = self
        result.modifier = other.modifier ?? modifier
        guard let change = other.index else { return result }
        var index = self.index ?? SparseIndexParams()
        index.fullScanThreshold = change.fullScanThreshold ?? index.fullScanThreshold
        index.onDisk = change.onDisk ?? index.onDisk
        index.memory = change.memory ?? index.memory
        result.index = index
        return result
    }
}

extension StrictModeConfig {
    /// Of both, what `other` gives. What was once set is not unset.
    fileprivate func merging(_ other: StrictModeConfig) -> StrictModeConfig {
        var result = self
        result.enabled = other.enabled ?? enabled
        result.maxQueryLimit = other.maxQueryLimit ?? maxQueryLimit
        result.maxTimeout = other.maxTimeout ?? maxTimeout
        result.unindexedFilteringRetrieve = other.unindexedFilteringRetrieve ?? unindexedFilteringRetrieve
        result.unindexedFilteringUpdate = other.unindexedFilteringUpdate ?? unindexedFilteringUpdate
        result.searchMaxHNSWEf = other.searchMaxHNSWEf ?? searchMaxHNSWEf
        result.searchAllowExact = other.searchAllowExact ?? searchAllowExact
        result.searchMaxOversampling = other.searchMaxOversampling ?? searchMaxOversampling
        result.upsertMaxBatchSize = other.upsertMaxBatchSize ?? upsertMaxBatchSize
        result.searchMaxBatchSize = other.searchMaxBatchSize ?? searchMaxBatchSize
        result.maxCollectionVectorSizeBytes = other.maxCollectionVectorSizeBytes ?? maxCollectionVectorSizeBytes
        result.maxCollectionPayloadSizeBytes = other.maxCollectionPayloadSizeBytes ?? maxCollectionPayloadSizeBytes
        result.maxPointsCount = other.maxPointsCount ?? maxPointsCount
        result.readRateLimit = other.readRateLimit ?? readRateLimit
        result.writeRateLimit = other.writeRateLimit ?? writeRateLimit
        result.filterMaxConditions = other.filterMaxConditions ?? filterMaxConditions
        result.conditionMaxSize = other.conditionMaxSize ?? conditionMaxSize
        result.multivector = other.multivector ?? multivector
        result.sparse = other.sparse ?? sparse
        result.maxPayloadIndexCount = other.maxPayloadIndexCount ?? maxPayloadIndexCount
        result.maxResidentMemoryPercent = other.maxResidentMemoryPercent ?? maxResidentMemoryPercent
        return result
    }
}
