import Quiver
import QuiverModel
import QuiverWire

/// What backups of a running server read: docs/BACKUP-INTERFACE.md.
extension Handlers {
    func openBackup(_ call: Call) -> Outcome {
        .thread { reply throws(Rejection) in
            let request = try decode(call.body, RequestDecoder.backupSession)
            let session = try engine { () throws(QuiverError) in
                if request.keepsLogs { try database.keepLogs(true) }
                return try backupSessions.open(request.collections, of: database)
            }
            do throws(Rejection) {
                reply(.success(try manifest(session, call)))
            } catch {
                _ = backupSessions.close(session.id)
                throw error
            }
        }
    }

    func backupManifest(_ call: Call) throws(Rejection) -> Answer { try manifest(try session(call), call) }

    func closeBackup(_ call: Call) throws(Rejection) -> Answer {
        let session = try session(call)
        return .json(ResponseEncoder.flag(backupSessions.close(session.id), seconds: call.elapsedSeconds))
    }

    func backupRecords(_ call: Call) throws(Rejection) -> Answer {
        let (session, collection) = try pinned(call)
        return frames(session) { frames in
            try collection.forEachRecordPart { part in try frames.write(.recordPart, part) }
        }
    }

    func backupLog(_ call: Call) throws(Rejection) -> Answer {
        let (session, collection) = try pinned(call)
        let after = call.query.after
        return frames(session) { frames in
            try collection.forEachLogRecord(after: after) { sequence, time, record in
                try frames.write(.logRecord, sequence: sequence, time: time, record)
            }
        }
    }

    /// Fewer entries than there were where not all of them are there any more.
    func backupJournal(_ call: Call) throws(Rejection) -> Outcome {
        let session = try session(call)
        return .thread { reply throws(Rejection) in
            let after = call.query.after
            let entries = try engine { () throws(QuiverError) in try session.cut.journalEntries(after: after) }
            var coded: [ReportValue] = []
            for entry in entries {
                coded.append(.raw(try engine { () throws(QuiverError) in try StoredConfig.encode(entry) }))
            }
            reply(.success(report(.array(coded), call)))
        }
    }

    /// The copy is there: the logs of its collections have to be kept only from its moment on.
    func backupSaved(_ call: Call) throws(Rejection) -> Outcome {
        let session = try session(call)
        return .thread { reply throws(Rejection) in
            for collection in session.cut.collections {
                try engine { () throws(QuiverError) in
                    do throws(QuiverError) {
                        try database.setLogMark(of: collection.identity, collection.sequence)
                    } catch {
                        // Deleted meanwhile.
                        if error.kind != .notFound { throw error }
                    }
                }
            }
            reply(.success(.json(ResponseEncoder.flag(true, seconds: call.elapsedSeconds))))
        }
    }

    /// Whether logs are kept for backups to come, or only as long as the server itself needs them.
    func logRetention(_ call: Call) throws(Rejection) -> Outcome {
        let isKept = try decode(call.body, RequestDecoder.logRetention)
        return .thread { reply throws(Rejection) in
            try engine { () throws(QuiverError) in try database.keepLogs(isKept) }
            reply(.success(.json(ResponseEncoder.flag(true, seconds: call.elapsedSeconds))))
        }
    }

    func backupSegment(_ call: Call) throws(Rejection) -> Answer {
        let (session, collection) = try pinned(call)
        let segment = try segment(call, collection)
        let content = StoredContent(
            fileName: "\(segment.id).seg", byteCount: Int(clamping: segment.byteCount), modifiedSeconds: nil,
            tag: segment.sha256.hexadecimal
        ) { offset, target in
            try collection.readSegment(segment, at: UInt64(offset), into: target)
        }
        var answer = content.answer(call.transfer ?? TransferFields())
        if let produce = answer.stream?.produce {
            answer.stream?.produce = { sink in try backupSessions.using(session) { try produce(sink) } }
        }
        return answer
    }

    func releaseBackupRecords(_ call: Call) throws(Rejection) -> Answer {
        try pinned(call).collection.releaseRecords()
        return .json(ResponseEncoder.flag(true, seconds: call.elapsedSeconds))
    }

    func releaseBackupSegment(_ call: Call) throws(Rejection) -> Answer {
        let collection = try pinned(call).collection
        collection.releaseSegment(try segment(call, collection))
        return .json(ResponseEncoder.flag(true, seconds: call.elapsedSeconds))
    }

    // MARK: Parts

    private func session(_ call: Call) throws(Rejection) -> BackupSession {
        let id = call.path["session"] ?? ""
        guard let session = backupSessions.find(id) else {
            throw Rejection(status: 404, text: "Not found: Backup session \(id) not found")
        }
        return session
    }

    private func pinned(_ call: Call) throws(Rejection) -> (session: BackupSession, collection: CollectionCut) {
        let session = try session(call)
        let identity = call.path["identity"] ?? ""
        guard let collection = session.collection(identity) else {
            throw Rejection(status: 404, text: "Not found: Collection \(identity) is not part of the backup session")
        }
        return (session, collection)
    }

    private func segment(_ call: Call, _ collection: CollectionCut) throws(Rejection) -> SegmentFile {
        let text = call.path["segment_id"] ?? ""
        guard let segment = collection.segments.first(where: { String($0.id) == text }) else {
            throw Rejection(status: 404, text: "Not found: Segment \(text) is not part of the backup session")
        }
        return segment
    }

    private func frames(
        _ session: BackupSession, _ body: @escaping @Sendable (inout BackupFrames) throws -> Void
    ) -> Answer {
        var answer = Answer(status: 200, body: [], contentType: .binary)
        answer.stream = StreamedBody(byteCount: nil) { sink in
            try backupSessions.using(session) {
                var frames = try BackupFrames(sink)
                try body(&frames)
                try frames.finish()
            }
        }
        return answer
    }

    private func manifest(_ session: BackupSession, _ call: Call) throws(Rejection) -> Answer {
        var collections: [ReportValue] = []
        for collection in session.cut.collections {
            let coded = try engine { () throws(QuiverError) in try StoredConfig.encode(collection.manifest) }
            collections.append(
                .object([
                    ("name", .text(collection.name)), ("identity", .text(collection.identity)),
                    ("sequence", .int(Int(clamping: collection.sequence))),
                    ("first_logged_sequence", .int(Int(clamping: collection.firstLoggedSequence))),
                    ("manifest", .raw(coded)),
                    (
                        "segments",
                        .array(
                            collection.segments.map { segment in
                                .object([
                                    ("id", .int(Int(clamping: segment.id))), ("vector_name", .text(segment.vectorName)),
                                    ("byte_count", .int(Int(clamping: segment.byteCount))),
                                    ("sha256", .text(segment.sha256.hexadecimal)),
                                ])
                            })
                    ),
                ]))
        }
        return report(
            .object([
                ("session", .text(session.id)), ("idle_timeout_sec", .int(BackupSessions.idleSeconds)),
                ("time_us", .int(Int(clamping: session.cut.time))),
                ("journal_number", .int(Int(clamping: session.cut.journalNumber))),
                ("server", .object([("quiver", .text(ServerVersion.quiver))])),
                ("collections", .array(collections)),
                (
                    "aliases",
                    .array(
                        session.cut.aliases.map {
                            .object([("alias_name", .text($0.alias)), ("collection_name", .text($0.collection))])
                        })
                ),
            ]), call)
    }
}
