import QuiverLMDB
import QuiverModel

/// Turns a filter into a program, and finds the indexes that answer its parts.
struct FilterCompiler {
    let context: FilterContext
    var builder = FilterProgramBuilder()
    var accesses: [IndexAccess?] = []
    var isSelectable: [Bool] = []
    /// Under which a clause's set is kept; parallel to the nodes, nil where that is not possible.
    var keys: [FilterKey?] = []
    /// What the answer depends on: these indexes, and whether it depends on other parts of payloads.
    var indexStamps: [ContentStamp] = []
    var dependsOnPayloads = false
    /// The path of the elements that the current nested condition looks at; nil outside.
    private var nestedIn: PayloadPath?

    init(context: FilterContext) { self.context = context }

    mutating func add(_ filter: Filter) throws(PayloadError) -> Int32 {
        let clauses = try self.clauses(filter)
        switch clauses.count {
        case 0: return finish(builder.add(FilterNode(.always)), selectable: true)
        case 1: return clauses[0]
        default: return finish(builder.addGroup(.all, clauses), selectable: isConjunctionSelectable(clauses))
        }
    }

    /// The clauses that all have to hold, with those of plain inner filters among them.
    private mutating func clauses(_ filter: Filter) throws(PayloadError) -> [Int32] {
        var clauses: [Int32] = []
        for condition in filter.must {
            if case .filter(let inner) = condition {
                clauses += try self.clauses(inner)
            } else {
                clauses.append(try add(condition))
            }
        }
        if !filter.should.isEmpty { clauses.append(try addAny(filter.should)) }
        // One by one, so that each is answered in its own best way.
        for condition in FilterCompiler.joined(filter.mustNot) {
            let child = try add(condition)
            clauses.append(finish(builder.addGroup(.none, [child]), selectable: isSelectable[Int(child)]))
        }
        if let minShould = filter.minShould { clauses.append(try add(minShould)) }
        return clauses
    }

    private mutating func addAny(_ conditions: [Condition]) throws(PayloadError) -> Int32 {
        var children: [Int32] = []
        for condition in FilterCompiler.joined(conditions) { children.append(try add(condition)) }
        if children.count == 1 { return children[0] }
        return finish(builder.addGroup(.any, children), selectable: children.allSatisfy { isSelectable[Int($0)] })
    }

    /// Conditions of which one is enough, with equalities on one field joined to one list, which is searched as fast
    /// as a single value is compared.
    private static func joined(_ conditions: [Condition]) -> [Condition] {
        if conditions.count < 2 { return conditions }
        var joined: [Condition] = []
        var strings: [PayloadPath: JoinedList<String>] = [:]
        var integers: [PayloadPath: JoinedList<Int64>] = [:]
        for condition in conditions {
            joined.append(condition)
            guard case .field(let field) = condition, field.predicates.count == 1 else { continue }
            switch field.predicates[0] {
            case .match(.string(let value)): join([value], field.key, &strings, &joined)
            case .matchAny(.strings(let values)): join(values, field.key, &strings, &joined)
            case .match(.integer(let value)): join([value], field.key, &integers, &joined)
            case .matchAny(.integers(let values)): join(values, field.key, &integers, &joined)
            default: break
            }
        }
        for (path, list) in strings where list.isJoined {
            joined[list.place] = .field(FieldCondition(key: path, .matchAny(.strings(list.values))))
        }
        for (path, list) in integers where list.isJoined {
            joined[list.place] = .field(FieldCondition(key: path, .matchAny(.integers(list.values))))
        }
        return joined
    }

    private struct JoinedList<Value> {
        var place: Int
        var values: [Value]
        var isJoined = false
    }

    /// The first of its field keeps its place in `joined`, the last element there; later ones are taken out.
    private static func join<Value>(
        _ values: [Value], _ path: PayloadPath, _ lists: inout [PayloadPath: JoinedList<Value>],
        _ joined: inout [Condition]
    ) {
        if lists[path] == nil {
            lists[path] = JoinedList(place: joined.count - 1, values: values)
        } else {
            lists[path]?.values += values
            lists[path]?.isJoined = true
            joined.removeLast()
        }
    }

    private mutating func add(_ minShould: Filter.MinShould) throws(PayloadError) -> Int32 {
        if minShould.minCount <= 0 { return finish(builder.add(FilterNode(.always)), selectable: true) }
        var children: [Int32] = []
        for condition in minShould.conditions { children.append(try add(condition)) }
        if children.count < minShould.minCount { return finish(builder.add(FilterNode(.never)), selectable: true) }
        let group = builder.addGroup(.atLeast, children, low: UInt64(minShould.minCount))
        return finish(group, selectable: children.allSatisfy { isSelectable[Int($0)] })
    }

    /// One clause that an index answers bounds the others, unless it only takes away.
    private func isConjunctionSelectable(_ clauses: [Int32]) -> Bool {
        clauses.allSatisfy { isSelectable[Int($0)] }
            || clauses.contains { isSelectable[Int($0)] && ![.none, .always].contains(builder.nodes[Int($0)].kind) }
    }

    private mutating func add(_ condition: Condition) throws(PayloadError) -> Int32 {
        switch condition {
        case .field(let field):
            return addField(field)
        case .isEmpty(let path):
            return addLeaf(FilterNode(.isEmpty), path, .isEmpty)
        case .isNull(let path):
            return addLeaf(FilterNode(.isNull), path, .isNull)
        case .hasID(let ids):
            if nestedIn != nil { return finish(builder.add(FilterNode(.never)), selectable: true) }
            dependsOnPayloads = true
            let slots = SlotBitmap(bitCount: context.live.bitCount)
            for id in ids {
                let slot = try storing { () throws(LMDBError) in try context.slotOfPoint(id) }
                if let slot { slots.insert(slot) }
            }
            return addSlots(slots)
        case .hasVector(let name):
            let slots = try storing { () throws(LMDBError) in try context.slotsWithVector(name) }
            guard nestedIn == nil, let slots else { return finish(builder.add(FilterNode(.never)), selectable: true) }
            return addSlots(slots)
        case .nested(let path, let filter):
            return try addNested(path, filter)
        case .slice(let total, let index):
            if nestedIn != nil || index >= total { return finish(builder.add(FilterNode(.never)), selectable: true) }
            dependsOnPayloads = true
            return addSlots(try slots(of: IDSlice(total: total, index: index)))
        case .filter(let filter):
            return try add(filter)
        }
    }

    private mutating func addSlots(_ slots: SlotBitmap) -> Int32 {
        var node = FilterNode(.slots)
        node.first = Int32(builder.bitmaps.count)
        builder.bitmaps.append(slots)
        return finish(builder.add(node), selectable: true)
    }

    private func slots(of slice: IDSlice) throws(PayloadError) -> SlotBitmap {
        let slots = SlotBitmap(bitCount: context.live.bitCount)
        var seen = 0
        try storing { () throws(LMDBError) in
            try context.forEachPoint { slot, id in
                if slice.contains(id) { slots.insert(slot) }
                seen += 1
                return seen % 1024 != 0 || !context.deadline.hasPassed
            }
        }
        try context.deadline.check()
        return slots
    }

    private mutating func addNested(_ path: PayloadPath, _ filter: Filter) throws(PayloadError) -> Int32 {
        dependsOnPayloads = true
        let elements = path.elements
        let outer = nestedIn
        nestedIn = outer.map { elements.nested(in: $0) } ?? elements
        let child = try add(filter)
        nestedIn = outer
        var node = FilterNode(.nested)
        setPath(elements, of: &node)
        node.first = Int32(builder.links.count)
        node.count = 1
        builder.links.append(child)
        let place = finish(builder.add(node), selectable: false)
        if outer == nil, let access = bestNestedAccess(elements, filter) {
            accesses[Int(place)] = access
            isSelectable[Int(place)] = true
        }
        return place
    }

    /// A point with an element that satisfies the filter has, at the whole path, a value that satisfies each of the
    /// filter's positive conditions: an index there narrows the points to look at.
    private func bestNestedAccess(_ elements: PayloadPath, _ filter: Filter) -> IndexAccess? {
        for condition in filter.must {
            switch condition {
            case .field(let field):
                guard field.predicates.count == 1 else { continue }
                let path = field.key.nested(in: elements)
                guard let index = readyIndex(path) else { continue }
                if let access = IndexAccess(index, .predicate(field.predicates[0])), access.isPositive {
                    return access.asSuperset
                }
            case .filter(let inner):
                if let access = bestNestedAccess(elements, inner) { return access }
            case .nested(let inner, let innerFilter):
                let path = inner.elements.nested(in: elements)
                if let access = bestNestedAccess(path, innerFilter) { return access }
            default:
                continue
            }
        }
        return nil
    }

    /// Of several predicates Qdrant 1.19 looks at `values_count` alone, else at `is_empty` alone, else at `is_null`
    /// alone; else any of the others is enough.
    private mutating func addField(_ field: FieldCondition) -> Int32 {
        for predicate in field.predicates {
            if case .valuesCount = predicate { return addPredicate(predicate, field.key) }
        }
        for predicate in field.predicates {
            if case .isEmpty = predicate { return addPredicate(predicate, field.key) }
        }
        for predicate in field.predicates {
            if case .isNull = predicate { return addPredicate(predicate, field.key) }
        }
        let children = field.predicates.map { addPredicate($0, field.key) }
        if children.count == 1 { return children[0] }
        return finish(builder.addGroup(.any, children), selectable: children.allSatisfy { isSelectable[Int($0)] })
    }

    private mutating func addPredicate(_ predicate: FieldCondition.Predicate, _ key: PayloadPath) -> Int32 {
        let node: FilterNode?
        if let asked = TextQuestion.Asked(predicate), let analyzer = analyzer(key) {
            node = TextQuestion(asked, analyzer).map { question in
                // Of a point all texts count together, except for their order; of an element each for itself.
                builder.addQuestion(question, isTogether: nestedIn == nil && question.mode == .all)
            }
        } else {
            node = builder.node(predicate)
        }
        guard let node else { return finish(builder.add(FilterNode(.never)), selectable: true) }
        return addLeaf(node, key, .predicate(predicate))
    }

    /// Of the text index on exactly this field, whose tokens then define what its texts match.
    private func analyzer(_ key: PayloadPath) -> FieldAnalyzer? {
        readyIndex(nestedIn.map { key.nested(in: $0) } ?? key)?.analyzer
    }

    private mutating func addLeaf(_ node: FilterNode, _ key: PayloadPath, _ question: IndexAccess.Question) -> Int32 {
        var node = node
        setPath(key, of: &node)
        var access: IndexAccess?
        if nestedIn == nil {
            if let index = readyIndex(key) {
                access = IndexAccess(index, question)
            } else if let index = readyIndex(key.withoutTrailingWildcard), index.analyzer == nil,
                let near = IndexAccess(index, question), near.isPositive
            {
                // `a[]` finds no more than `a`, which also takes a value that is no array.
                access = near.asSuperset
            }
        }
        let place = finish(builder.add(node), selectable: access != nil)
        accesses[Int(place)] = access
        if let access {
            if !indexStamps.contains(access.index.stamp) { indexStamps.append(access.index.stamp) }
            if context.cache != nil, !access.isSuperset {
                keys[Int(place)] = FilterKey(question, at: key, scope: access.index.stamp.identity)
            }
        } else {
            dependsOnPayloads = true
        }
        return place
    }

    private func readyIndex(_ path: PayloadPath) -> FieldIndex? {
        guard let index = context.indexes[path], index.isReady else { return nil }
        return index
    }

    private mutating func setPath(_ path: PayloadPath, of node: inout FilterNode) {
        let steps = builder.paths.add(path)
        node.firstStep = Int32(steps.lowerBound)
        node.stepCount = Int32(steps.count)
    }

    private mutating func finish(_ place: Int32, selectable: Bool) -> Int32 {
        accesses.append(nil)
        keys.append(nil)
        isSelectable.append(selectable)
        return place
    }
}

extension FilterProgramBuilder {
    /// The node of a predicate, without its path; nil when no value can satisfy it.
    mutating func node(_ predicate: FieldCondition.Predicate) -> FilterNode? {
        switch predicate {
        case .matchText(let text), .matchPhrase(let text):
            var node = FilterNode(.containsString)
            addTexts([text], to: &node)
            return node
        case .matchTextAny(let text):
            let words = text.split(whereSeparator: \.isWhitespace).map(String.init)
            if words.isEmpty { return nil }
            var node = FilterNode(.containsAnyString)
            addTexts(words, to: &node)
            return node
        case .matchPrefix(let text):
            var node = FilterNode(.prefixString)
            addTexts([text], to: &node)
            return node
        case .geoBoundingBox(let box):
            return addShape(GeoShape(box))
        case .geoRadius(let radius):
            return addShape(GeoShape(radius))
        case .geoPolygon(let polygon):
            return addShape(GeoShape(polygon))
        case .match(.string(let text)):
            var node = FilterNode(.matchString)
            addTexts([text], to: &node)
            return node
        case .match(.integer(let value)):
            var node = FilterNode(.matchInteger)
            node.low = UInt64(bitPattern: value)
            return node
        case .match(.bool(let value)):
            var node = FilterNode(.matchBool)
            node.low = value ? 1 : 0
            return node
        case .matchAny(let list):
            return list.isEmpty ? nil : listNode(list, strings: .anyString, integers: .anyInteger)
        case .matchExcept(let list):
            return listNode(list, strings: .exceptString, integers: .exceptInteger)
        case .range(let range):
            guard let bounds = NumberBounds(range) else { return nil }
            var node = FilterNode(.range)
            (node.low, node.lowIsOpen) = (bounds.low.bitPattern, bounds.lowIsOpen)
            (node.high, node.highIsOpen) = (bounds.high.bitPattern, bounds.highIsOpen)
            return node
        case .datetimeRange(let range):
            guard let bounds = range.closedMicroseconds else { return nil }
            var node = FilterNode(.datetimeRange)
            (node.low, node.high) = (UInt64(bitPattern: bounds.lowerBound), UInt64(bitPattern: bounds.upperBound))
            return node
        case .valuesCount(let range):
            guard let bounds = range.closed else { return nil }
            var node = FilterNode(.valuesCount)
            (node.low, node.high) = (bounds.lowerBound, bounds.upperBound)
            return node
        case .isEmpty(let wanted):
            var node = FilterNode(.fieldIsEmpty)
            node.low = wanted ? 1 : 0
            return node
        case .isNull(let wanted):
            var node = FilterNode(.fieldIsNull)
            node.low = wanted ? 1 : 0
            return node
        }
    }

    private mutating func listNode(
        _ list: MatchList, strings: FilterNode.Kind, integers: FilterNode.Kind
    ) -> FilterNode {
        switch list {
        case .strings(let values):
            var node = FilterNode(strings)
            addTexts(values, to: &node)
            return node
        case .integers(let values):
            var node = FilterNode(integers)
            addIntegers(values, to: &node)
            return node
        }
    }
}
