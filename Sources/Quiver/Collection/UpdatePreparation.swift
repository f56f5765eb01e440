import QuiverIndex
import QuiverModel

/// What can be checked and computed of an update before it is queued: names and dimensions of vectors, finite
/// components, normalisation. So that a request that does not fit is refused at once, and the writer's thread
/// does not do what any thread can.
struct UpdatePreparation {
    let fields: [VectorField]

    struct Prepared {
        var operations: [UpdateOperation]
        /// About what the request holds of memory while it waits.
        var byteCount: Int
    }

    func prepare(_ operations: [UpdateOperation]) throws(QuiverError) -> Prepared {
        guard !operations.isEmpty else { throw .badRequest("Empty update request") }
        var prepared = Prepared(operations: [], byteCount: 0)
        for operation in operations {
            switch operation {
            case .upsert(let batch):
                prepared.operations.append(.upsert(try prepare(batch, &prepared.byteCount)))
            case .updateVectors(let batch):
                prepared.operations.append(.updateVectors(try prepare(batch, &prepared.byteCount)))
            case .deleteVectors(_, let names):
                for name in names where !fields.contains(where: { $0.name == name }) { throw .vectorNameUnknown(name) }
                try checkCount(names.count)
                prepared.operations.append(operation)
            case .setPayload(let payload, let selector, _), .overwritePayload(let payload, let selector):
                prepared.byteCount += payload.utf8.count + selector.byteCount
                prepared.operations.append(operation)
            case .deletePayload(let keys, let selector):
                try checkCount(keys.count)
                prepared.byteCount += keys.reduce(selector.byteCount) { $0 + $1.text.utf8.count }
                prepared.operations.append(operation)
            case .deletePoints(let selector), .clearPayload(let selector):
                prepared.byteCount += selector.byteCount
                prepared.operations.append(operation)
            }
            prepared.byteCount += 256
        }
        return prepared
    }

    /// The log counts them in two bytes.
    private func checkCount(_ names: Int) throws(QuiverError) {
        guard names <= Limits.namesOfOperation else {
            throw .badRequest("one operation names \(names) fields, more than \(Limits.namesOfOperation)")
        }
    }

    /// A batch is made of public parts. Raw pointers follow its references, and a point has one vector of a name.
    ///
    /// - Parameter places: of the batch's vector names in `fields`.
    private func checkReferences(_ batch: PointBatch, _ places: [Int]) throws(QuiverError) {
        for vector in batch.vectors {
            guard places.indices.contains(vector.name), vector.count >= 0, vector.offset >= 0,
                vector.count <= batch.components.count, vector.offset <= batch.components.count - vector.count
            else { throw .badInput("a vector of the batch lies outside of its components") }
            if case .sparse(let first) = vector.shape {
                guard first >= 0, vector.count <= batch.indices.count, first <= batch.indices.count - vector.count else {
                    throw .badInput("a sparse vector of the batch lies outside of its indices")
                }
            }
        }
        var lastEntry = [Int](repeating: -1, count: fields.count)
        for (number, entry) in batch.entries.enumerated() {
            guard entry.vectors.lowerBound >= 0, entry.vectors.upperBound <= batch.vectors.count else {
                throw .badInput("a point of the batch refers to vectors that are not there")
            }
            for vector in batch.vectors[entry.vectors] {
                let place = places[vector.name]
                guard lastEntry[place] != number else {
                    throw .badInput("point \(entry.id) has two vectors of the name \"\(fields[place].name)\"")
                }
                lastEntry[place] = number
            }
        }
    }

    private func prepare(_ batch: PointBatch, _ byteCount: inout Int) throws(QuiverError) -> PointBatch {
        var batch = batch
        var places: [Int] = []
        for name in batch.vectorNames {
            guard let place = fields.firstIndex(where: { $0.name == name }) else { throw .vectorNameUnknown(name) }
            places.append(place)
        }
        try checkReferences(batch, places)
        let shapes = places.map { fields[$0] }
        for index in batch.vectors.indices { try shape(&batch, index, as: shapes[batch.vectors[index].name]) }
        let vectors = batch.vectors
        let isFinite = unsafe batch.components.withUnsafeMutableBufferPointer { components in
            for vector in vectors {
                let field = shapes[vector.name]
                guard let base = components.baseAddress, field.kind != .sparse else { continue }
                for row in 0..<vector.count / field.dimension {
                    let start = unsafe base + vector.offset + row * field.dimension
                    if field.isNormalised {
                        unsafe CodeEncoder.normalise(UnsafePointer(start), dimension: field.dimension, into: start)
                    }
                    guard unsafe RowEncoder.round(start, dimension: field.dimension, as: field.element) else {
                        return false
                    }
                }
            }
            // A sum is not finite as soon as one of its terms is not; an overflow of large ones is looked at closer.
            var sum: Float = 0
            for unsafe component in unsafe components { sum += component }
            return unsafe sum.isFinite || components.allSatisfy(\.isFinite)
        }
        guard isFinite else { throw .badInput("Vector components have to be finite numbers") }
        byteCount += (batch.components.count + batch.indices.count) * MemoryLayout<Float>.size
        byteCount += batch.entries.reduce(0) { $0 + 64 + ($1.payload?.utf8.count ?? 0) }
        return batch
    }

    /// Checks that a vector has the shape of its field, and gives it that shape where it can be taken for it.
    private func shape(_ batch: inout PointBatch, _ index: Int, as field: VectorField) throws(QuiverError) {
        let vector = batch.vectors[index]
        switch (field.kind, vector.shape) {
        case (.dense, .dense):
            guard vector.count == field.dimension else {
                throw .vectorDimension(expected: field.dimension, actual: vector.count)
            }
        case (.multi, .dense):
            guard vector.count == field.dimension else {
                throw .vectorDimension(expected: field.dimension, actual: vector.count)
            }
            batch.vectors[index].shape = .multi(rowCount: 1)
        case (.multi, .multi(let rowCount)):
            guard rowCount > 0 else { throw .badInput("a multivector has to have vectors, all of one size") }
            guard vector.count == rowCount * field.dimension else {
                throw .vectorDimension(expected: field.dimension, actual: vector.count / rowCount)
            }
            guard vector.count < Limits.multivectorComponents else {
                throw .badInput(
                    "a multivector has \(vector.count) components, it must have fewer than \(Limits.multivectorComponents)")
            }
        case (.sparse, .sparse(let first)):
            try sort(&batch, vector, first)
        case (.dense, .multi): throw .badInput("Conversion between multi and regular vectors failed")
        case (.sparse, _), (_, .sparse): throw .badInput("Conversion between sparse and regular vectors failed")
        }
    }

    /// Brings a sparse vector into the order of its indices.
    private func sort(_ batch: inout PointBatch, _ vector: PointBatch.VectorRef, _ first: Int) throws(QuiverError) {
        let places = first..<first + vector.count
        var isAscending = true
        for place in places.dropFirst() where batch.indices[place] <= batch.indices[place - 1] { isAscending = false }
        if isAscending { return }
        let order = (0..<vector.count).sorted { batch.indices[first + $0] < batch.indices[first + $1] }
        let indices = order.map { batch.indices[first + $0] }
        let values = order.map { batch.components[vector.offset + $0] }
        for (one, other) in zip(indices, indices.dropFirst()) where one == other {
            throw .badInput("a sparse vector names the index \(one) twice")
        }
        batch.indices.replaceSubrange(places, with: indices)
        batch.components.replaceSubrange(vector.offset..<vector.offset + vector.count, with: values)
    }
}

extension PointSelector {
    fileprivate var byteCount: Int {
        switch self {
        case .ids(let ids): ids.count * MemoryLayout<PointID>.stride
        case .filter: 1024
        }
    }
}
