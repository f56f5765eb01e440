import QuiverLMDB
import QuiverModel

/// How the postings of one index answer one question about its field.
///
/// The answer is: the slots in `sure` and `range`, and those live but not in any of `absentFrom`; plus the slots in
/// `doubtful` whose payload says so. A value without a key is only known to be one of the "others", so these are
/// doubtful wherever such a value might matter.
struct IndexAccess {
    enum Question {
        case predicate(FieldCondition.Predicate)
        case isEmpty
        case isNull

        fileprivate var isPositive: Bool {
            switch self {
            case .predicate(.match), .predicate(.matchAny), .predicate(.range), .predicate(.datetimeRange): true
            case .predicate, .isEmpty, .isNull: false
            }
        }
    }

    let index: FieldIndex
    private(set) var sure: [[UInt8]] = []
    private(set) var range: (from: ShortKey, below: ShortKey)?
    private(set) var absentFrom: [[UInt8]]?
    private(set) var doubtful: [[UInt8]] = []
    /// Everything it finds has to be verified.
    private(set) var isSuperset = false

    private static let empty: [UInt8] = [0, FieldKey.empty]
    private static let null: [UInt8] = [0, FieldKey.null]
    private static let others: [UInt8] = [0, FieldKey.others]

    /// The question is whether some value, an array's elements included, is one of those wanted.
    let isPositive: Bool

    /// It takes more than reading one posting.
    var isLongWay: Bool { range != nil || absentFrom != nil || !doubtful.isEmpty || sure.count > 1 }

    /// The same for a path that finds some of what the index's own finds: arrays among the others count too.
    var asSuperset: IndexAccess {
        var access = self
        access.isSuperset = true
        if !access.doubtful.contains(Self.others) { access.doubtful.append(Self.others) }
        return access
    }

    /// Nil when the index is of no help.
    init?(_ index: FieldIndex, _ question: Question) {
        self.index = index
        isPositive = question.isPositive
        switch question {
        case .isEmpty:
            sure = [Self.empty]
        case .isNull:
            sure = [Self.null]
        case .predicate(.match(let value)):
            match(value)
        case .predicate(.matchAny(.strings(let values))):
            for value in values { match(.string(value)) }
        case .predicate(.matchAny(.integers(let values))):
            for value in values { match(.integer(value)) }
        case .predicate(.matchExcept(let list)):
            except(list)
        case .predicate(.range(let bounds)):
            guard answer(bounds) else { return nil }
        case .predicate(.datetimeRange(let bounds)):
            guard answer(bounds) else { return nil }
        case .predicate(.valuesCount), .predicate(.matchText), .predicate(.matchTextAny), .predicate(.matchPhrase),
            .predicate(.matchPrefix), .predicate(.geoBoundingBox), .predicate(.geoRadius), .predicate(.geoPolygon):
            return nil
        case .predicate(.isEmpty(let wanted)):
            // With several values at a path some may be empty and others not: not in the postings.
            guard index.path.isSingle else { return nil }
            if wanted { sure = [Self.empty] } else { absentFrom = [Self.empty] }
        case .predicate(.isNull(let wanted)):
            guard index.path.isSingle else { return nil }
            // Among the others are arrays with a null in them, which count as null here.
            if wanted { sure = [Self.null] } else { absentFrom = [Self.null, Self.others] }
            doubtful = [Self.others]
        }
        // By bytes: `==` on strings would take differently composed ones for the same.
        sure = Array(Set(sure))
        doubtful = Array(Set(doubtful))
    }

    private mutating func match(_ value: MatchValue) {
        let (keys, isExact) = self.keys(value)
        if isExact { sure += keys } else { doubtful += keys }
        if keys.isEmpty { doubtful.append(Self.others) }
    }

    /// The keys under which this very value stands, none if it stands among the others. Not exact: other values
    /// share the key.
    private func keys(_ value: MatchValue) -> (keys: [[UInt8]], isExact: Bool) {
        switch (index.params.type, value) {
        case (.keyword, .string(let text)):
            ([FieldKey.keyword(text)], text.utf8.count <= FieldKey.cutKeywordByteCount)
        case (.integer, .integer(let value)):
            ([bytes(FieldKey.number(KeyOrder.bits(of: value)))], true)
        case (.float, .integer(let value)):
            // 1.0 stands there too.
            (KeyOrder.bits(of: Double(value)).map { [bytes(FieldKey.number($0))] } ?? [], false)
        case (.bool, .bool(let value)):
            ([bytes(FieldKey.bool(value))], true)
        case (.datetime, .string(let text)):
            // A moment can be written in many ways.
            (Timestamp(text).map { [bytes(FieldKey.number(KeyOrder.bits(of: $0.microsecondsSinceEpoch)))] } ?? [], false)
        case (.uuid, .string(let text)):
            if let uuid = PointUUID(text) {
                // The other ways to write it have a key of their own, shared among them.
                uuid.description == text
                    ? ([bytes(FieldKey.uuid(uuid, isCanonical: true))], true)
                    : ([bytes(FieldKey.uuid(uuid, isCanonical: false))], false)
            } else {
                ([], false)
            }
        default:
            ([], false)
        }
    }

    /// Where the field is not empty and all its values have keys, none of them listed, one of them is an answer.
    /// Slots with a listed value may have another one; only their payload tells, as with the others.
    private mutating func except(_ list: MatchList) {
        var listed: Set<[UInt8]> = [Self.others]
        switch list {
        case .strings(let values): for value in values { listed.formUnion(keys(.string(value)).keys) }
        case .integers(let values): for value in values { listed.formUnion(keys(.integer(value)).keys) }
        }
        absentFrom = Array(listed) + [Self.empty]
        doubtful = Array(listed)
    }

    private mutating func answer(_ numbers: NumberRange) -> Bool {
        guard let bounds = NumberBounds(numbers) else { return true }
        switch index.params.type {
        case .float:
            range = bounds.floatKeys
        case .integer:
            range = bounds.integerKeys
            doubtful = [Self.others]
        case .keyword, .bool, .datetime, .uuid, .geo, .text:
            doubtful = [Self.others]
        }
        return true
    }

    private mutating func answer(_ moments: DatetimeRange) -> Bool {
        guard let bounds = moments.closedMicroseconds else { return true }
        switch index.params.type {
        case .datetime:
            range = (
                FieldKey.number(KeyOrder.bits(of: bounds.lowerBound)),
                bounds.upperBound == Int64.max
                    ? FieldKey.afterValues : FieldKey.number(KeyOrder.bits(of: bounds.upperBound + 1))
            )
        case .integer, .float, .bool, .uuid:
            // No text that reads as a UUID reads as a datetime.
            doubtful = [Self.others]
        case .keyword, .geo, .text:
            return false
        }
        return true
    }

    private func bytes(_ key: ShortKey) -> [UInt8] { unsafe key.withBytes { unsafe Array($0) } }
}
