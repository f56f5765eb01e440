import QuiverLMDB
import QuiverModel
import QuiverPayload

extension CollectionReader {
    func info() throws -> CollectionInfo {
        let optimizer = core.optimizer.status
        let readOnly = core.writer.readOnlyReason
        var schema: [String: PayloadIndexInfo] = [:]
        for index in view.indexes.indexes {
            schema[index.field.text] = PayloadIndexInfo(
                params: index.params, points: try index.pointCount(in: transaction.handle))
        }
        var indexed = 0
        var segments = 0
        for vector in view.vectors {
            for sealed in vector.sealed {
                segments += 1
                if sealed.segment.isIndexed { indexed += sealed.liveCount }
            }
            segments += vector.growing.filter { $0.count > 0 }.count
        }
        return CollectionInfo(
            status: readOnly != nil
                ? .red : optimizer.isBusy ? .yellow : core.optimizer.isSuspended(view) ? .grey : .green,
            optimizerError: readOnly ?? optimizer.error, pointsCount: view.pointCount, indexedVectorsCount: indexed,
            // The part that takes new points counts as one even while it is empty.
            segmentsCount: max(1, segments), config: core.config, payloadSchema: schema,
            updateQueueLength: core.writer.pendingUpdates)
    }
}
