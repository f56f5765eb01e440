import QuiverLMDB
import QuiverModel

/// How the postings of one index answer one question about its field.
///
/// The answer is: the slots in `sure`, `ranges` and `cover`, those in all of `common`, and those live but not in any of
/// `absentFrom`; plus the slots in `doubtful` and at the border of `cover` whose payload says so. A value without a key is only known to be one of the "others", so these are
/// doubtful wherever such a value might matter.
struct IndexAccess {
    enum Question {
        case predicate(FieldCondition.Predicate)
        case isEmpty
        case isNull

        fileprivate var isPositive: Bool {
            switch self {
            case .predicate(let predicate): predicate.isPositive
            case .isEmpty, .isNull: false
            }
        }
    }

    let index: FieldIndex
    private(set) var sure: [[UInt8]] = []
    private(set) var ranges: [KeyRange] = []
    private(set) var cover: GeoCover?
    private(set) var common: [[UInt8]] = []
    private(set) var absentFrom: [[UInt8]]?
    private(set) var doubtful: [[UInt8]] = []
    /// Everything it finds has to be verified.
    private(set) var isSuperset = false

    /// Keys from the first on, below the second.
    struct KeyRange {
        var from: [UInt8]
        var below: [UInt8]

        init(_ keys: (from: ShortKey, below: ShortKey)) {
            from = unsafe keys.from.withBytes { unsafe Array($0) }
            below = unsafe keys.below.withBytes { unsafe Array($0) }
        }

        /// Keys that begin so. The last byte has to be less than FF.
        init(prefix: [UInt8]) {
            from = prefix
            below = prefix
            below[below.count - 1] += 1
        }

        init(_ codes: ClosedRange<UInt64>) {
            let last = codes.upperBound
            self.init((
                FieldKey.number(codes.lowerBound), last == .max ? FieldKey.afterValues : FieldKey.number(last + 1)
            ))
        }
    }

    private static let empty: [UInt8] = [0, FieldKey.empty]
    private static let null: [UInt8] = [0, FieldKey.null]
    private static let others: [UInt8] = [0, FieldKey.others]

    /// The question is whether some value, an array's elements included, is one of those wanted.
    let isPositive: Bool

    /// It takes more than reading one posting.
    var isLongWay: Bool {
        !ranges.isEmpty || cover != nil || !common.isEmpty || absentFrom != nil || !doubtful.isEmpty || sure.count > 1
    }

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
        case .predicate(.match(.string)) where index.analyzer != nil, .predicate(.matchAny(.strings)) where index.analyzer != nil,
            .predicate(.matchExcept(.strings)) where index.analyzer != nil:
            return nil
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
        case .predicate(.matchPrefix(let text)):
            guard answer(prefix: text) else { return nil }
        case .predicate(let predicate) where TextQuestion.Asked(predicate) != nil:
            guard answer(TextQuestion.Asked(predicate)) else { return nil }
        case .predicate(.geoBoundingBox), .predicate(.geoRadius), .predicate(.geoPolygon):
            if case .predicate(let predicate) = question, index.params.type == .geo {
                cover = GeoShape(predicate).map(GeoCover.init)
            }
            // Also what is off the map.
            doubtful = [Self.others]
        case .predicate(.valuesCount), .predicate(.matchText), .predicate(.matchTextAny), .predicate(.matchPhrase):
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
            ranges = [KeyRange(bounds.floatKeys)]
        case .integer:
            ranges = [KeyRange(bounds.integerKeys)]
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
            ranges = [KeyRange(KeyOrder.bits(of: bounds.lowerBound)...KeyOrder.bits(of: bounds.upperBound))]
        case .integer, .float, .bool, .uuid, .geo:
            // No text that reads as a UUID reads as a datetime.
            doubtful = [Self.others]
        case .keyword, .text:
            return false
        }
        return true
    }

    private mutating func answer(prefix text: String) -> Bool {
        switch index.params.type {
        case .keyword:
            let bytes = Array(text.utf8)
            let key = [FieldKey.valueTag] + bytes.prefix(FieldKey.cutKeywordByteCount)
            if bytes.count <= FieldKey.cutKeywordByteCount {
                ranges = [KeyRange(prefix: key)]
            } else {
                // Among those that are cut where they begin the same.
                ranges = [KeyRange(prefix: key + [0xFF, 0])]
                ranges[0].below = key + [0xFF, 0xFF]
                isSuperset = true
            }
        case .integer, .float, .bool, .geo:
            doubtful = [Self.others]
        case .datetime, .uuid, .text:
            return false
        }
        return true
    }

    /// By tokens where the index has them, else where texts are among the others.
    private mutating func answer(_ asked: TextQuestion.Asked?) -> Bool {
        guard let asked else { return false }
        guard let analyzer = index.analyzer else {
            switch index.params.type {
            case .integer, .float, .bool, .geo:
                doubtful = [Self.others]
                return true
            case .keyword, .datetime, .uuid, .text:
                return false
            }
        }
        guard let question = TextQuestion(asked, analyzer) else { return true }
        let keys = question.tokens.map(FieldKey.token)
        // Tokens that were cut share their key.
        isSuperset = question.mode == .phrase || question.tokens.contains { $0.count > FieldKey.cutKeywordByteCount }
        if question.mode == .any || keys.count == 1 { sure = keys } else { common = keys }
        return true
    }

    private func bytes(_ key: ShortKey) -> [UInt8] { unsafe key.withBytes { unsafe Array($0) } }
}

extension FieldCondition.Predicate {
    /// Whether some value, an array's elements included, is to be one of those wanted.
    fileprivate var isPositive: Bool {
        switch self {
        case .match, .matchAny, .range, .datetimeRange, .matchText, .matchTextAny, .matchPhrase, .matchPrefix,
            .geoBoundingBox, .geoRadius, .geoPolygon:
            true
        case .matchExcept, .valuesCount, .isEmpty, .isNull: false
        }
    }
}
