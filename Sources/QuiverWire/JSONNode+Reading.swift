import QuiverJSON
import QuiverModel

// Each reader refuses other kinds in serde's words, with the place.
extension JSONNode {
    func bool() throws(WireFault) -> Bool {
        switch kind {
        case .true: return true
        case .false: return false
        default: throw invalidType("a boolean")
        }
    }

    /// An unsigned integer; fractions, exponents and negative numbers are refused as serde does.
    func unsigned(_ expected: String = "usize") throws(WireFault) -> UInt64 {
        if let value = uint64 { return value }
        throw kind == .int64 ? invalidValue(expected) : invalidType(expected)
    }

    func signed(_ expected: String = "i64") throws(WireFault) -> Int64 {
        if let value = int64 { return value }
        throw kind == .uint64 ? invalidValue(expected) : invalidType(expected)
    }

    /// An unsigned integer from `lowest` to `highest`, Qdrant's rule, and up to `bound`, ours; 422 outside.
    func count(from lowest: Int = 0, to highest: Int = .max, bound: Int = .max) throws(WireFault) -> Int {
        let value = try unsigned()
        if let number = Int(exactly: value), number >= lowest, number <= highest, number <= bound { return number }
        let rule =
            if highest != .max {
                "must be from \(lowest) to \(highest)"
            } else if value < UInt64(lowest) {
                "must be \(lowest) or larger"
            } else {
                "must be \(bound) or smaller"
            }
        try breaks("value \(value) invalid, \(rule)")
        return lowest
    }

    /// A `limit`: from 1 to any unsigned integer. What is more than `most`, which no answer reaches, counts as `most`.
    func limit(atMost most: Int = Limits.resultWindow) throws(WireFault) -> Int {
        let value = try unsigned()
        if value < 1 { try breaks("value 0 invalid, must be 1 or larger") }
        return Int(clamping: min(value, UInt64(clamping: most)))
    }

    func number(_ expected: String = "f64") throws(WireFault) -> Double {
        guard let value = double else { throw invalidType(expected) }
        return value
    }

    func number(from lowest: Double, to highest: Double = .infinity) throws(WireFault) -> Double {
        let value = try number()
        guard value >= lowest && value <= highest else {
            let rule = highest == .infinity ? "must be \(lowest) or larger" : "must be from \(lowest) to \(highest)"
            try breaks("value \(value) invalid, \(rule)")
            return lowest
        }
        return value
    }

    /// A 32-bit float in a range; the message shows it as it was rounded, as Qdrant's does.
    func float(from lowest: Float, to highest: Float = .infinity) throws(WireFault) -> Float {
        let value = try float()
        guard value >= lowest && value <= highest else {
            let rule = highest == .infinity ? "must be \(lowest) or larger" : "must be from \(lowest) to \(highest)"
            try breaks("value \(Double(value)) invalid, \(rule)")
            return lowest
        }
        return value
    }

    /// One of the names of an enumeration, which serde lists in the order of their declaration.
    func variant<Value: RawRepresentable<String> & CaseIterable>(of _: Value.Type) throws(WireFault) -> Value {
        let name = try text()
        guard let value = Value(rawValue: name) else {
            throw unknownVariant(name, Value.allCases.map(\.rawValue))
        }
        return value
    }

    /// A finite 32-bit float.
    func float() throws(WireFault) -> Float {
        let value = Float(try number("f32"))
        guard value.isFinite else { throw malformed("number out of range for a 32-bit float") }
        return value
    }

    func text(_ expected: String = "a string") throws(WireFault) -> String {
        guard let string else { throw invalidType(expected) }
        return string
    }

    func path() throws(WireFault) -> PayloadPath {
        let written = try text()
        guard let path = PayloadPath(written) else { throw malformed("Invalid json path: \'\(written)\'") }
        return path
    }

    func paths() throws(WireFault) -> [PayloadPath] {
        try list("a sequence") { (item) throws(WireFault) in try item.path() }
    }

    func strings() throws(WireFault) -> [String] {
        try list("a sequence") { (item) throws(WireFault) in try item.text() }
    }

    func timestamp() throws(WireFault) -> Timestamp {
        guard isString else { throw invalidType("a datetime string") }
        guard let value = unsafe Timestamp(utf8: stringBytes) else {
            throw malformed("'\(string ?? "")' does not match accepted datetime format (RFC3339)")
        }
        return value
    }

    func pointID() throws(WireFault) -> PointID {
        if let number = uint64 { return .number(number) }
        if isString, let uuid = unsafe PointUUID(utf8: stringBytes) { return .uuid(uuid) }
        throw malformed(
            "value \(string ?? excerpt) is not a valid point ID, valid values are either an unsigned integer or a UUID")
    }

    func pointIDs() throws(WireFault) -> [PointID] {
        try list("a sequence") { (item) throws(WireFault) in try item.pointID() }
    }

    /// The components of a vector; all of them numbers that `Float` holds.
    func floats() throws(WireFault) -> [Float] {
        var values: [Float] = []
        guard appendFloats(to: &values) else { throw invalidType("a sequence of numbers") }
        if let place = unsafe values.withUnsafeBufferPointer({ unsafe FloatCheck.firstNotFinite($0) }) {
            throw (element(at: place) ?? self).malformed("number out of range for a 32-bit float")
        }
        return values
    }

    func list<Element>(
        _ expected: String, _ read: (JSONNode) throws(WireFault) -> Element
    ) throws(WireFault) -> [Element] {
        guard isArray else { throw invalidType(expected) }
        var result: [Element] = []
        result.reserveCapacity(count)
        for item in elements { result.append(try read(item)) }
        return result
    }

    /// One, or a list of them, which Qdrant's paths take for a list of one.
    func oneOrMany<Element>(
        _ expected: String, _ read: (JSONNode) throws(WireFault) -> Element
    ) throws(WireFault) -> [Element] {
        guard isObject else { return try list(expected, read) }
        return [
            try WireFault.changing({ $0.anonymising(byteOffset, as: "\(key)[0]") }) { () throws(WireFault) in
                try read(self)
            }
        ]
    }

    /// A value's text as it stands in the body, cut where it gets long.
    var excerpt: String {
        let text = unsafe rawBytes
        guard text.count > 120 else { return unsafe String(decoding: text, as: UTF8.self) }
        return unsafe String(decoding: text[..<120], as: UTF8.self) + "…"
    }
}

// Optional members: absent and null are the same to serde's `Option`.
extension JSONNode {
    /// The member of that name; twice the same one is refused, as serde does for the fields of a struct.
    func field(_ name: StaticString) throws(WireFault) -> JSONNode? {
        var found: JSONNode?
        for member in members where member.isKey(name) {
            if found != nil { throw member.malformed("duplicate field `\(name)`") }
            found = member
        }
        return found
    }

    func required(_ name: StaticString) throws(WireFault) -> JSONNode {
        guard let value = try field(name) else { throw missing(name) }
        return value
    }

    func given(_ name: StaticString) throws(WireFault) -> JSONNode? {
        guard let value = try field(name), !value.isNull else { return nil }
        return value
    }

    /// A member under either of two names; serde refuses both together.
    func given(_ name: StaticString, or alias: StaticString) throws(WireFault) -> JSONNode? {
        let first = try field(name)
        let second = try field(alias)
        if first != nil && second != nil { throw malformed("duplicate field `\(name)`") }
        guard let value = first ?? second, !value.isNull else { return nil }
        return value
    }

    /// 501 when the member is there and not null.
    func refuse(_ name: StaticString, _ what: String) throws(WireFault) {
        if let value = try given(name) { throw value.unsupported(what) }
    }

    func requireObject(_ expected: String) throws(WireFault) {
        guard isObject else { throw invalidType(expected) }
    }

    func optionalBool(_ name: StaticString) throws(WireFault) -> Bool? {
        guard let value = try given(name) else { return nil }
        return try value.bool()
    }

    func optionalCount(_ name: StaticString, from lowest: Int = 0, bound: Int = .max) throws(WireFault) -> Int? {
        guard let value = try given(name) else { return nil }
        return try value.count(from: lowest, bound: bound)
    }

    func optionalFloat(_ name: StaticString) throws(WireFault) -> Float? {
        guard let value = try given(name) else { return nil }
        return try value.float()
    }

    func optionalVariant<Value: RawRepresentable<String> & CaseIterable>(
        _ name: StaticString, of type: Value.Type
    ) throws(WireFault) -> Value? {
        guard let value = try given(name) else { return nil }
        return try value.variant(of: type)
    }

    func optionalString(_ name: StaticString) throws(WireFault) -> String? {
        guard let value = try given(name) else { return nil }
        return try value.text()
    }
}
