import Quiver
import QuiverTestKit

/// The meaning of filters, written a second time for the forms that the model test uses.
struct PlainFilter {
    var point: ModelPoint

    func holds(_ filter: Filter) -> Bool {
        filter.must.allSatisfy(holds) && (filter.should.isEmpty || filter.should.contains(where: holds))
            && !filter.mustNot.contains(where: holds)
            && (filter.minShould.map { least in least.conditions.count(where: holds) >= least.minCount } ?? true)
    }

    private func holds(_ condition: Condition) -> Bool {
        switch condition {
        case .filter(let filter): holds(filter)
        case .hasID(let ids): ids.contains(point.id)
        case .hasVector(let name): point.vectors[name] != nil
        case .isEmpty(let path): isEmpty(value(path))
        case .isNull(let path): value(path) == .null
        case .nested, .slice: false
        case .field(let field): field.predicates.contains { holds($0, value(field.key)) }
        }
    }

    private func isEmpty(_ value: PlainJSON?) -> Bool { value == nil || value == .null || value == .array([]) }

    private func value(_ path: PayloadPath) -> PlainJSON? {
        var value = point.payload
        for step in path.withoutTrailingWildcard.steps {
            guard case .key(let key) = step, let next = value[key] else { return nil }
            value = next
        }
        return value
    }

    private func holds(_ predicate: FieldCondition.Predicate, _ value: PlainJSON?) -> Bool {
        if case .valuesCount(let range) = predicate {
            switch value {
            case nil, .null?: return range.contains(0)
            case .array(let elements)?: return range.contains(UInt64(elements.count))
            default: return range.contains(1)
            }
        }
        guard let value else { return false }
        if case .array(let elements) = value { return elements.contains { holdsOne(predicate, $0) } }
        return holdsOne(predicate, value)
    }

    private func holdsOne(_ predicate: FieldCondition.Predicate, _ value: PlainJSON) -> Bool {
        switch predicate {
        case .match(.string(let wanted)): value == .string(wanted)
        case .match(.integer(let wanted)): value == .integer(wanted)
        case .match(.bool(let wanted)): value == .bool(wanted)
        case .matchAny(.strings(let list)): list.contains { value == .string($0) }
        case .matchAny(.integers(let list)): list.contains { value == .integer($0) }
        case .matchExcept(.strings(let list)): value != .null && !list.contains { value == .string($0) }
        case .matchExcept(.integers(let list)): value != .null && !list.contains { value == .integer($0) }
        case .range(let range): value.asNumber.map(range.contains) ?? false
        case .datetimeRange(let range):
            if case .string(let text) = value { Timestamp(text).map(range.contains) ?? false } else { false }
        case .valuesCount, .isEmpty, .isNull, .matchText, .matchTextAny, .matchPhrase, .matchPrefix, .geoBoundingBox,
            .geoRadius, .geoPolygon: false
        }
    }
}
