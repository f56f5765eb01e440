import Quiver
import QuiverModel
import QuiverWire

extension Handlers {
    func listCollections(_ call: Call) -> Answer {
        .json(
            ResponseEncoder.collections(
                database.collectionNames.filter(call.access.sees), seconds: call.elapsedSeconds))
    }

    func getCollection(_ call: Call) throws(Rejection) -> Outcome {
        if let unavailable = database.unavailableCollection(call.collectionName) {
            return .answer(.json(ResponseEncoder.collectionInfo(unavailable.info, seconds: call.elapsedSeconds)))
        }
        let collection = try collection(call)
        return .worker { () throws(Rejection) in
            let info = try engine(call) { () throws(QuiverError) in try collection.infoBlocking() }
            return .json(ResponseEncoder.collectionInfo(info, seconds: call.elapsedSeconds))
        }
    }

    func createCollection(_ call: Call) -> Outcome {
        let defaults = options.collectionDefaults
        return .task { () async throws(Rejection) in
            let config = try await onWorker { () throws(Rejection) in
                try decode(call.body) { (body) throws(WireError) in
                    try RequestDecoder.createCollection(body, defaults: defaults)
                }
            }
            try await engine { () async throws(QuiverError) in
                try await database.createCollection(call.collectionName, config)
            }
            return done(call)
        }
    }

    func updateCollection(_ call: Call) -> Outcome {
        .task { () async throws(Rejection) in
            let patch = try await onWorker { () throws(Rejection) in
                try decode(call.body, RequestDecoder.updateCollection)
            }
            try await engine { () async throws(QuiverError) in
                try await database.updateCollection(call.collectionName, patch)
            }
            return done(call)
        }
    }

    func deleteCollection(_ call: Call) -> Outcome {
        .task { () async throws(Rejection) in
            let existed = try await engine { () async throws(QuiverError) in
                try await database.deleteCollection(call.collectionName)
            }
            return .json(ResponseEncoder.flag(existed, seconds: call.elapsedSeconds))
        }
    }

    func collectionExists(_ call: Call) -> Answer {
        .json(ResponseEncoder.exists(database.collectionExists(call.collectionName), seconds: call.elapsedSeconds))
    }

    func updateAliases(_ call: Call) -> Outcome {
        .task { () async throws(Rejection) in
            let actions = try await onWorker { () throws(Rejection) in
                try decode(call.body, RequestDecoder.aliasActions)
            }
            try await engine { () async throws(QuiverError) in try await database.updateAliases(actions) }
            return done(call)
        }
    }

    func listAliases(_ call: Call, collection: String?) throws(Rejection) -> Answer {
        let aliases = try engine { () throws(QuiverError) in try database.aliases(ofCollection: collection) }
        let seen = aliases.filter { call.access.sees($0.collection) }
        return .json(ResponseEncoder.aliases(seen, seconds: call.elapsedSeconds))
    }

    func createIndex(_ call: Call) throws(Rejection) -> Outcome {
        let collection = try collection(call)
        return .task { () async throws(Rejection) in
            let (field, params) = try await onWorker { () throws(Rejection) in
                try quotaManager.check()
                return try decode(call.body, RequestDecoder.createIndex)
            }
            let result = try await engine(call) { () async throws(QuiverError) in
                try await collection.createIndex(field, params, wait: call.query.wait, timeout: call.query.timeout)
            }
            return .json(ResponseEncoder.update(result, seconds: call.elapsedSeconds))
        }
    }

    func deleteIndex(_ call: Call) throws(Rejection) -> Outcome {
        let collection = try collection(call)
        let name = call.path["field_name"] ?? ""
        guard let field = PayloadPath(name) else {
            throw Rejection(status: 400, text: "Bad request: `\(name)` is not a payload path")
        }
        return .task { () async throws(Rejection) in
            let result = try await engine(call) { () async throws(QuiverError) in
                try await collection.dropIndex(field, wait: call.query.wait, timeout: call.query.timeout)
            }
            return .json(ResponseEncoder.update(result, seconds: call.elapsedSeconds))
        }
    }

    func createVectorName(_ call: Call) throws(Rejection) -> Outcome {
        let collection = try collection(call)
        let name = call.path["vector_name"] ?? ""
        return .task { () async throws(Rejection) in
            let config = try await onWorker { () throws(Rejection) in
                try decode(call.body) { (body) throws(WireError) in
                    try RequestDecoder.createVectorName(body, name: name)
                }
            }
            let result = try await engine(call) { () async throws(QuiverError) in
                try await collection.createVectorName(name, config, wait: call.query.wait, timeout: call.query.timeout)
            }
            return .json(ResponseEncoder.update(result, seconds: call.elapsedSeconds))
        }
    }

    func deleteVectorName(_ call: Call) throws(Rejection) -> Outcome {
        let collection = try collection(call)
        let name = call.path["vector_name"] ?? ""
        return .task { () async throws(Rejection) in
            let result = try await engine(call) { () async throws(QuiverError) in
                try await collection.dropVectorName(name, wait: call.query.wait, timeout: call.query.timeout)
            }
            return .json(ResponseEncoder.update(result, seconds: call.elapsedSeconds))
        }
    }

    private func done(_ call: Call) -> Answer {
        .json(ResponseEncoder.flag(true, seconds: call.elapsedSeconds))
    }
}
