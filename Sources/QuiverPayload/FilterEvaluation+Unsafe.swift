import QuiverModel

// Evaluating a filter on the text of one payload. Static functions over plain addresses: no `self`, no allocation.

enum FilterEvaluation {
    /// Does the node hold for the object at `object`? `slot` is -1 for an element of a nested condition, which is no
    /// point: it has neither id nor vectors.
    static func holds(
        _ program: ProgramView, _ place: Int32, _ base: TextBase, _ object: Int, _ end: Int, _ slot: Int
    ) -> Bool {
        let node = unsafe program.nodes + Int(place)
        let links = unsafe program.links + Int(node.pointee.first)
        let count = Int(unsafe node.pointee.count)
        switch unsafe node.pointee.kind {
        case .always: return true
        case .never: return false
        case .all:
            for index in 0..<count where unsafe !holds(program, links[index], base, object, end, slot) { return false }
            return true
        case .any:
            for index in 0..<count where unsafe holds(program, links[index], base, object, end, slot) { return true }
            return false
        case .none:
            for index in 0..<count where unsafe holds(program, links[index], base, object, end, slot) { return false }
            return true
        case .atLeast:
            var missing = unsafe node.pointee.low
            for index in 0..<count {
                if missing == 0 { return true }
                if unsafe holds(program, links[index], base, object, end, slot) { missing &-= 1 }
            }
            return missing == 0
        case .slots:
            guard slot >= 0 else { return false }
            let bitmap = unsafe program.bitmaps + Int(node.pointee.first)
            return unsafe slot < bitmap.pointee.bitCount
                && bitmap.pointee.words[slot &>> 6] &>> UInt64(slot & 63) & 1 == 1
        default:
            return unsafe fieldHolds(program, node, base, object, end)
        }
    }

    private static func fieldHolds(
        _ program: ProgramView, _ node: UnsafePointer<FilterNode>, _ base: TextBase, _ object: Int, _ end: Int
    ) -> Bool {
        if unsafe node.pointee.kind == .tokensTogether { return unsafe tokensHold(program, node, base, object, end) }
        let outcome = unsafe walk(
            program, node, program.steps + Int(node.pointee.firstStep), Int(node.pointee.stepCount), base, object, end)
        let isHit = outcome & hit != 0
        let isMissing = outcome & found == 0
        switch unsafe node.pointee.kind {
        case .isEmpty: return !isHit
        case .fieldIsEmpty: return unsafe isHit || (isMissing && node.pointee.low == 1)
        case .fieldIsNull: return unsafe isHit || (isMissing && node.pointee.low == 0)
        case .valuesCount: return unsafe isHit || (isMissing && node.pointee.low == 0)
        default: return isHit
        }
    }

    private static let found: UInt8 = 1
    /// A value for which the predicate holds; for the condition `isEmpty`, one that is not empty.
    private static let hit: UInt8 = 2

    private static func walk(
        _ program: ProgramView, _ node: UnsafePointer<FilterNode>, _ steps: UnsafePointer<PathStep>, _ count: Int,
        _ base: TextBase, _ at: Int, _ end: Int
    ) -> UInt8 {
        guard at < end else { return 0 }
        if count == 0 {
            return unsafe valueHolds(program, node, base, at, end) ? found | hit : found
        }
        let step = unsafe steps[0]
        switch step.kind {
        case .key:
            guard unsafe base[at] == UInt8(ascii: "{") else { return 0 }
            let value = unsafe TextScan.member(base, at, end, program.pool + Int(step.offset), step.number)
            return value < 0 ? 0 : unsafe walk(program, node, steps + 1, count &- 1, base, value, end)
        case .index:
            guard unsafe base[at] == UInt8(ascii: "[") else { return 0 }
            var element = unsafe TextScan.firstElement(base, at, end)
            var place = 0
            while element >= 0 && place < step.number {
                element = unsafe TextScan.nextElement(base, element, end)
                place &+= 1
            }
            return element < 0 ? 0 : unsafe walk(program, node, steps + 1, count &- 1, base, element, end)
        case .wildcard:
            guard unsafe base[at] == UInt8(ascii: "[") else { return 0 }
            var outcome: UInt8 = 0
            var element = unsafe TextScan.firstElement(base, at, end)
            while element >= 0 {
                outcome |= unsafe walk(program, node, steps + 1, count &- 1, base, element, end)
                if outcome & hit != 0 { return outcome }
                element = unsafe TextScan.nextElement(base, element, end)
            }
            return outcome
        }
    }

    /// The predicate on one of the values that the path leads to.
    private static func valueHolds(
        _ program: ProgramView, _ node: UnsafePointer<FilterNode>, _ base: TextBase, _ at: Int, _ end: Int
    ) -> Bool {
        let first = unsafe base[at]
        switch unsafe node.pointee.kind {
        case .nested:
            return unsafe first == UInt8(ascii: "{")
                && holds(program, program.links[Int(node.pointee.first)], base, at, end, -1)
        case .isNull:
            return first == UInt8(ascii: "n")
        case .isEmpty:
            return unsafe !isEmpty(base, at, end)
        case .fieldIsEmpty:
            return unsafe isEmpty(base, at, end) == (node.pointee.low == 1)
        case .fieldIsNull:
            return unsafe hasNull(base, at, end) == (node.pointee.low == 1)
        case .valuesCount:
            let count: Int
            switch first {
            case UInt8(ascii: "n"): count = 0
            case UInt8(ascii: "["): count = unsafe TextScan.elementCount(base, at, end)
            default: count = 1
            }
            return unsafe node.pointee.low <= UInt64(count) && UInt64(count) <= node.pointee.high
        default:
            guard first == UInt8(ascii: "[") else { return unsafe scalarHolds(program, node, base, at, end) }
            var element = unsafe TextScan.firstElement(base, at, end)
            while element >= 0 {
                if unsafe scalarHolds(program, node, base, element, end) { return true }
                element = unsafe TextScan.nextElement(base, element, end)
            }
            return false
        }
    }

    @inline(__always)
    private static func isEmpty(_ base: TextBase, _ at: Int, _ end: Int) -> Bool {
        switch unsafe base[at] {
        case UInt8(ascii: "n"): true
        case UInt8(ascii: "["): unsafe TextScan.firstElement(base, at, end) < 0
        default: false
        }
    }

    /// Null, or an array with a null among its elements.
    private static func hasNull(_ base: TextBase, _ at: Int, _ end: Int) -> Bool {
        switch unsafe base[at] {
        case UInt8(ascii: "n"): return true
        case UInt8(ascii: "["):
            var element = unsafe TextScan.firstElement(base, at, end)
            while element >= 0 {
                if unsafe base[element] == UInt8(ascii: "n") { return true }
                element = unsafe TextScan.nextElement(base, element, end)
            }
            return false
        default: return false
        }
    }

    /// The predicate on a value that is no array, or on an array's element, which may be one.
    @inline(__always)
    private static func scalarHolds(
        _ program: ProgramView, _ node: UnsafePointer<FilterNode>, _ base: TextBase, _ at: Int, _ end: Int
    ) -> Bool {
        let first = unsafe base[at]
        let isString = first == UInt8(ascii: "\"")
        let isNumber = TextScan.isNumber(first)
        switch unsafe node.pointee.kind {
        case .matchString:
            guard isString else { return false }
            let text = unsafe program.texts[Int(node.pointee.first)]
            return unsafe TextScan.stringEquals(
                base, at, TextScan.endOfString(base, at, end), program.pool + Int(text.offset), Int(text.count))
        case .matchInteger:
            guard isNumber, case .integer(let value) = unsafe TextScan.number(base, at, end) else { return false }
            return unsafe UInt64(bitPattern: value) == node.pointee.low
        case .matchBool:
            return unsafe first == (node.pointee.low == 1 ? UInt8(ascii: "t") : UInt8(ascii: "f"))
        case .anyString:
            return unsafe isString && isListed(program, node, base, at, end)
        case .anyInteger:
            guard isNumber, case .integer(let value) = unsafe TextScan.number(base, at, end) else { return false }
            return unsafe isListed(program, node, value)
        case .exceptString:
            if first == UInt8(ascii: "n") { return false }
            return unsafe !isString || !isListed(program, node, base, at, end)
        case .exceptInteger:
            if first == UInt8(ascii: "n") { return false }
            guard isNumber, case .integer(let value) = unsafe TextScan.number(base, at, end) else { return true }
            return unsafe !isListed(program, node, value)
        case .range:
            guard isNumber else { return false }
            let value = unsafe TextScan.number(base, at, end).asDouble
            let low = Double(bitPattern: unsafe node.pointee.low)
            let high = Double(bitPattern: unsafe node.pointee.high)
            return unsafe (node.pointee.lowIsOpen ? value > low : value >= low)
                && (node.pointee.highIsOpen ? value < high : value <= high)
        case .datetimeRange:
            guard isString else { return false }
            let moment = unsafe TextScan.withString(base, at, TextScan.endOfString(base, at, end)) { text in
                unsafe Timestamp(utf8: text)
            }
            guard let moment else { return false }
            return unsafe Int64(bitPattern: node.pointee.low) <= moment.microsecondsSinceEpoch
                && moment.microsecondsSinceEpoch <= Int64(bitPattern: node.pointee.high)
        case .prefixString:
            guard isString else { return false }
            let text = unsafe program.texts[Int(node.pointee.first)]
            return unsafe TextScan.withString(base, at, TextScan.endOfString(base, at, end)) { value in
                unsafe value.count >= Int(text.count)
                    && TextScan.equalBytes(value.textBase, program.pool + Int(text.offset), Int(text.count))
            }
        case .containsString, .containsAnyString:
            guard isString else { return false }
            return unsafe TextScan.withString(base, at, TextScan.endOfString(base, at, end)) { value in
                for index in 0..<Int(unsafe node.pointee.count) {
                    let text = unsafe program.texts[Int(node.pointee.first) + index]
                    if unsafe TextScan.contains(value, program.pool + Int(text.offset), Int(text.count)) { return true }
                }
                return false
            }
        case .geoBox:
            guard let place = unsafe TextScan.place(base, at, end) else { return false }
            return unsafe GeoTest.isInBox(program.numbers + Int(node.pointee.first), place.lon, place.lat)
        case .geoRadius:
            guard let place = unsafe TextScan.place(base, at, end) else { return false }
            return unsafe GeoTest.isInRadius(program.numbers + Int(node.pointee.first), place.lon, place.lat)
        case .geoPolygon:
            guard let place = unsafe TextScan.place(base, at, end) else { return false }
            return unsafe GeoTest.isInPolygon(program.numbers + Int(node.pointee.first), place.lon, place.lat)
        case .tokens:
            guard isString else { return false }
            return unsafe TextScan.withString(base, at, TextScan.endOfString(base, at, end)) { value in
                unsafe program.questions[Int(node.pointee.first)].holds(value)
            }
        default:
            return false
        }
    }

    /// A question to all texts of a point together.
    private static func tokensHold(
        _ program: ProgramView, _ node: UnsafePointer<FilterNode>, _ base: TextBase, _ object: Int, _ end: Int
    ) -> Bool {
        let question = unsafe program.questions[Int(node.pointee.first)]
        var found: [Int] = []
        unsafe CompiledPath.walk(
            program.steps + Int(node.pointee.firstStep), Int(node.pointee.stepCount), program.pool, base, object, end, &found)
        var missing = question.missing
        for at in found {
            unsafe TextScan.forEachString(base, at, end) { text in unsafe question.strike(text, from: &missing) }
            if missing.isEmpty { return true }
        }
        return false
    }

    private static func isListed(
        _ program: ProgramView, _ node: UnsafePointer<FilterNode>, _ value: Int64
    ) -> Bool {
        let values = unsafe program.integers + Int(node.pointee.first)
        var low = 0
        var high = Int(unsafe node.pointee.count)
        while low < high {
            let middle = (low &+ high) &>> 1
            if unsafe values[middle] < value { low = middle &+ 1 } else { high = middle }
        }
        return unsafe low < Int(node.pointee.count) && values[low] == value
    }

    private static func isListed(
        _ program: ProgramView, _ node: UnsafePointer<FilterNode>, _ base: TextBase, _ at: Int, _ end: Int
    ) -> Bool {
        let texts = unsafe program.texts + Int(node.pointee.first)
        let count = Int(unsafe node.pointee.count)
        let stringEnd = unsafe TextScan.endOfString(base, at, end)
        if count <= 8 {
            for index in 0..<count {
                let text = unsafe texts[index]
                if unsafe TextScan.stringEquals(base, at, stringEnd, program.pool + Int(text.offset), Int(text.count)) {
                    return true
                }
            }
            return false
        }
        return unsafe TextScan.withString(base, at, stringEnd) { value in
            var low = 0
            var high = count
            while low < high {
                let middle = (low &+ high) &>> 1
                let order = unsafe compare(program.pool + Int(texts[middle].offset), Int(texts[middle].count), value)
                if order == 0 { return true }
                if order < 0 { low = middle &+ 1 } else { high = middle }
            }
            return false
        }
    }

    private static func compare(_ left: TextBase, _ leftCount: Int, _ right: UnsafeBufferPointer<UInt8>) -> Int {
        for index in 0..<min(leftCount, right.count) {
            let (a, b) = unsafe (left[index], right[index])
            if a != b { return a < b ? -1 : 1 }
        }
        return leftCount - right.count
    }
}
