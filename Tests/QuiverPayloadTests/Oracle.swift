import QuiverModel
import QuiverText

/// A JSON value, for building random payloads and answering filters on them the slow and plain way.
indirect enum Sample: Equatable {
    case null
    case bool(Bool)
    case integer(Int64)
    case unsigned(UInt64)
    /// As written.
    case double(String)
    case string(String)
    case array([Sample])
    case object([(key: String, value: Sample)])

    static func == (left: Sample, right: Sample) -> Bool { left.text == right.text }

    var text: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .unsigned(let value): String(value)
        case .double(let value): value
        case .string(let value): Sample.quoted(value)
        case .array(let values): "[" + values.map(\.text).joined(separator: ",") + "]"
        case .object(let members):
            "{" + members.map { Sample.quoted($0.key) + ":" + $0.value.text }.joined(separator: ",") + "}"
        }
    }

    /// Escapes more than it has to, so that readers meet escapes.
    private static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "z", "é", "😀":
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16)
                    out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}

/// The semantics of filters, written down a second time without regard to speed.
struct Oracle {
    var root: Sample
    /// -1: an element of a nested condition.
    var slot: Int
    var vectors: [String: Set<Int>] = [:]
    /// The text indexes that are ready.
    var texts: [OracleTexts] = []
    /// Where the element is that a nested condition looks at.
    private var place: PayloadPath?

    init(root: Sample, slot: Int, vectors: [String: Set<Int>] = [:], texts: [OracleTexts] = []) {
        self.root = root
        self.slot = slot
        self.vectors = vectors
        self.texts = texts
    }

    func holds(_ filter: Filter) -> Bool {
        if !filter.must.allSatisfy(holds) { return false }
        if !filter.should.isEmpty, !filter.should.contains(where: holds) { return false }
        if filter.mustNot.contains(where: holds) { return false }
        if let minShould = filter.minShould,
            minShould.conditions.count(where: holds) < minShould.minCount { return false }
        return true
    }

    func holds(_ condition: Condition) -> Bool {
        switch condition {
        case .filter(let filter): return holds(filter)
        case .hasID(let ids): return slot >= 0 && ids.contains(.number(UInt64(slot)))
        case .hasVector(let name): return slot >= 0 && vectors[name]?.contains(slot) ?? false
        case .isEmpty(let path): return values(path).allSatisfy(isEmpty)
        case .isNull(let path): return values(path).contains(.null)
        case .nested(let path, let filter):
            return values(path.elements).contains { element in
                guard case .object = element else { return false }
                var inner = Oracle(root: element, slot: -1, texts: texts)
                inner.place = place.map { path.elements.nested(in: $0) } ?? path.elements
                return inner.holds(filter)
            }
        case .slice(let total, let index):
            return slot >= 0 && OracleSlices.part(of: UInt64(slot), total) == index
        case .field(let field):
            let found = values(field.key)
            for predicate in field.predicates {
                if case .valuesCount = predicate { return holds(predicate, found) }
            }
            for predicate in field.predicates {
                if case .isEmpty = predicate { return holds(predicate, found) }
            }
            for predicate in field.predicates {
                if case .isNull = predicate { return holds(predicate, found) }
            }
            let path = place.map { field.key.nested(in: $0) } ?? field.key
            let index = texts.first { $0.path == path }
            return field.predicates.contains { predicate in
                index?.holds(predicate, found, isTogether: place == nil) ?? holds(predicate, found)
            }
        }
    }

    private func holds(_ predicate: FieldCondition.Predicate, _ found: [Sample]) -> Bool {
        switch predicate {
        case .valuesCount(let range):
            if found.isEmpty { return range.contains(0) }
            return found.contains { value in
                switch value {
                case .null: range.contains(0)
                case .array(let elements): range.contains(UInt64(elements.count))
                default: range.contains(1)
                }
            }
        case .isEmpty(let wanted):
            return found.isEmpty ? wanted : found.contains { isEmpty($0) == wanted }
        case .isNull(let wanted):
            if found.isEmpty { return !wanted }
            return found.contains { value in
                if case .array(let elements) = value { return elements.contains(.null) == wanted }
                return (value == .null) == wanted
            }
        default:
            return found.contains { value in
                if case .array(let elements) = value { return elements.contains { holdsOne(predicate, $0) } }
                return holdsOne(predicate, value)
            }
        }
    }

    private func holdsOne(_ predicate: FieldCondition.Predicate, _ value: Sample) -> Bool {
        switch predicate {
        case .match(.string(let wanted)): return string(value).map { same($0, wanted) } ?? false
        case .match(.integer(let wanted)): return value == .integer(wanted)
        case .match(.bool(let wanted)): return value == .bool(wanted)
        case .matchAny(.strings(let list)): return string(value).map { text in list.contains { same($0, text) } } ?? false
        case .matchAny(.integers(let list)): return list.contains { value == .integer($0) }
        case .matchExcept(.strings(let list)):
            if value == .null { return false }
            return string(value).map { text in !list.contains { same($0, text) } } ?? true
        case .matchExcept(.integers(let list)):
            return value != .null && !list.contains { value == .integer($0) }
        case .range(let range):
            switch value {
            case .integer(let number): return range.contains(Double(number))
            case .unsigned(let number): return range.contains(Double(number))
            case .double(let text): return range.contains(Double(text) ?? .nan)
            default: return false
            }
        case .datetimeRange(let range):
            return string(value).flatMap { Timestamp($0) }.map(range.contains) ?? false
        case .matchText(let text), .matchPhrase(let text):
            return string(value).map { contains($0, text) } ?? false
        case .matchTextAny(let text):
            let words = text.split(whereSeparator: \.isWhitespace).map(String.init)
            return string(value).map { text in words.contains { contains(text, $0) } } ?? false
        case .matchPrefix(let prefix):
            return string(value).map { $0.utf8.starts(with: prefix.utf8) } ?? false
        case .geoBoundingBox, .geoRadius, .geoPolygon:
            return OraclePlace(value)?.isIn(predicate) ?? false
        default: return false
        }
    }

    private func contains(_ text: String, _ part: String) -> Bool {
        let (text, part) = (Array(text.utf8), Array(part.utf8))
        return (0...max(0, text.count - part.count)).contains { text[$0...].starts(with: part) }
    }

    private func string(_ value: Sample) -> String? {
        if case .string(let text) = value { return text }
        return nil
    }

    private func same(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }

    private func isEmpty(_ value: Sample) -> Bool { value == .null || value == .array([]) }

    func values(_ path: PayloadPath) -> [Sample] {
        var values = [root]
        for step in path.steps {
            values = values.flatMap { value -> [Sample] in
                switch (step, value) {
                case (.key(let key), .object(let members)): members.filter { $0.key == key }.map(\.value)
                case (.index(let place), .array(let elements)): place < elements.count ? [elements[place]] : []
                case (.wildcard, .array(let elements)): elements
                default: []
                }
            }
        }
        return values
    }
}
