import QuiverModel

/// A filter, or one clause of it, as bytes that are the same only for the same question.
///
/// By bytes and not by `==` of the model's types, for which differently composed characters are the same text; to
/// filters they are not.
struct FilterKey: Hashable {
    let bytes: [UInt8]
    private let hash: UInt64

    /// Longer ones are not worth keeping: lists of ids that come once.
    private static let mostBytes = 4096

    private static let seed = UInt64.random(in: .min ... .max)

    /// Nil for what cannot be kept: questions about vectors, which no stamp covers, and very long ones.
    init?(_ filter: Filter, scope: UInt64) {
        var writer = FilterKeyWriter(scope: scope, mostBytes: FilterKey.mostBytes)
        writer.append(filter)
        self.init(writer)
    }

    /// Of one clause on an indexed field; `scope` tells the index.
    init?(_ question: IndexAccess.Question, at path: PayloadPath, scope: UInt64) {
        var writer = FilterKeyWriter(scope: scope, mostBytes: FilterKey.mostBytes)
        writer.append(path)
        switch question {
        case .predicate(let predicate): writer.append(predicate)
        case .isEmpty: writer.append(tag: 32)
        case .isNull: writer.append(tag: 33)
        }
        self.init(writer)
    }

    private init?(_ writer: FilterKeyWriter) {
        guard writer.isWhole else { return nil }
        bytes = writer.bytes
        hash = FilterKey.hash(bytes)
    }

    private static func hash(_ bytes: [UInt8]) -> UInt64 {
        unsafe bytes.withUnsafeBytes { raw in
            var hash = seed ^ UInt64(truncatingIfNeeded: raw.count)
            var at = 0
            while at &+ 8 <= raw.count {
                let word = unsafe raw.loadUnaligned(fromByteOffset: at, as: UInt64.self)
                hash = mix(hash ^ word)
                at &+= 8
            }
            var rest: UInt64 = 0
            while at < raw.count {
                rest = rest &<< 8 | UInt64(unsafe raw[at])
                at &+= 1
            }
            return mix(hash ^ rest)
        }
    }

    @inline(__always)
    private static func mix(_ value: UInt64) -> UInt64 {
        let product = (value ^ 0x9E37_79B9_7F4A_7C15).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
        return product.high ^ product.low
    }

    static func == (left: FilterKey, right: FilterKey) -> Bool {
        left.hash == right.hash && left.bytes == right.bytes
    }

    func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}

/// Writes the parts one after the other, each with its kind and texts with their length, so that no two questions
/// come to the same bytes.
private struct FilterKeyWriter {
    var bytes: [UInt8] = []
    private(set) var isWhole = true
    private let mostBytes: Int

    init(scope: UInt64, mostBytes: Int) {
        self.mostBytes = mostBytes
        bytes.reserveCapacity(128)
        append(scope)
    }

    mutating func append(tag: UInt8) {
        if bytes.count > mostBytes { isWhole = false }
        if isWhole { bytes.append(tag) }
    }

    mutating func append(_ number: UInt64) {
        guard isWhole else { return }
        unsafe withUnsafeBytes(of: number) { unsafe bytes.append(contentsOf: $0) }
    }

    private mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            append(UInt64(utf8.count))
            guard isWhole, utf8.count <= mostBytes else {
                isWhole = false
                return
            }
            unsafe bytes.append(contentsOf: utf8)
        }
    }

    private mutating func append(_ text: String, tag: UInt8) {
        append(tag: tag)
        append(text)
    }

    private mutating func append(_ shape: GeoShape, tag: UInt8) {
        append(tag: tag)
        append(UInt64(shape.numbers.count))
        if shape.numbers.count * 8 > mostBytes { isWhole = false }
        for number in shape.numbers where isWhole { append(number.bitPattern) }
    }

    mutating func append(_ path: PayloadPath) { append(path.text) }

    mutating func append(_ filter: Filter) {
        append(filter.must, tag: 1)
        append(filter.should, tag: 2)
        append(filter.mustNot, tag: 3)
        if let minShould = filter.minShould {
            append(minShould.conditions, tag: 4)
            append(UInt64(bitPattern: Int64(minShould.minCount)))
        }
        append(tag: 0)
    }

    private mutating func append(_ conditions: [Condition], tag: UInt8) {
        if conditions.isEmpty && tag != 4 { return }
        append(tag: tag)
        append(UInt64(conditions.count))
        for condition in conditions {
            append(condition)
            if !isWhole { return }
        }
    }

    private mutating func append(_ condition: Condition) {
        switch condition {
        case .field(let field):
            append(tag: 5)
            append(field.key)
            append(UInt64(field.predicates.count))
            for predicate in field.predicates { append(predicate) }
        case .isEmpty(let path):
            append(tag: 6)
            append(path)
        case .isNull(let path):
            append(tag: 7)
            append(path)
        case .hasID(let ids):
            append(tag: 8)
            append(UInt64(ids.count))
            if ids.count * 17 > mostBytes {
                isWhole = false
                return
            }
            for id in ids.sorted() {
                switch id {
                case .number(let number):
                    append(tag: 9)
                    append(number)
                case .uuid(let uuid):
                    append(tag: 10)
                    append(uuid.high)
                    append(uuid.low)
                }
            }
        case .hasVector:
            isWhole = false
        case .nested(let path, let filter):
            append(tag: 11)
            append(path)
            append(filter)
        case .slice(let total, let index):
            append(tag: 13)
            append(total)
            append(index)
        case .filter(let filter):
            append(tag: 12)
            append(filter)
        }
    }

    mutating func append(_ predicate: FieldCondition.Predicate) {
        switch predicate {
        case .match(.string(let text)):
            append(tag: 16)
            append(text)
        case .match(.integer(let value)):
            append(tag: 17)
            append(UInt64(bitPattern: value))
        case .match(.bool(let value)):
            append(tag: value ? 18 : 19)
        case .matchAny(let list):
            append(tag: 20)
            append(list)
        case .matchExcept(let list):
            append(tag: 21)
            append(list)
        case .matchText(let text): append(text, tag: 34)
        case .matchTextAny(let text): append(text, tag: 35)
        case .matchPhrase(let text): append(text, tag: 36)
        case .matchPrefix(let text): append(text, tag: 37)
        case .geoBoundingBox(let box): append(GeoShape(box), tag: 38)
        case .geoRadius(let radius): append(GeoShape(radius), tag: 39)
        case .geoPolygon(let polygon): append(GeoShape(polygon), tag: 40)
        case .range(let range):
            append(tag: 22)
            for bound in [range.gt, range.gte, range.lt, range.lte] { append(bound?.bitPattern) }
        case .datetimeRange(let range):
            append(tag: 23)
            for bound in [range.gt, range.gte, range.lt, range.lte] {
                append(bound.map { UInt64(bitPattern: $0.microsecondsSinceEpoch) })
            }
        case .valuesCount(let range):
            append(tag: 24)
            for bound in [range.gt, range.gte, range.lt, range.lte] { append(bound) }
        case .isEmpty(let wanted):
            append(tag: wanted ? 25 : 26)
        case .isNull(let wanted):
            append(tag: wanted ? 27 : 28)
        }
    }

    private mutating func append(_ list: MatchList) {
        switch list {
        case .strings(let values):
            append(tag: 29)
            append(UInt64(values.count))
            for value in values where isWhole { append(value) }
        case .integers(let values):
            append(tag: 30)
            append(UInt64(values.count))
            if values.count * 8 > mostBytes { isWhole = false }
            for value in values where isWhole { append(UInt64(bitPattern: value)) }
        }
    }

    private mutating func append(_ number: UInt64?) {
        append(tag: number == nil ? 0 : 1)
        if let number { append(number) }
    }
}
