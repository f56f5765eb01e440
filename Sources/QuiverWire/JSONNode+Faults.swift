import QuiverJSON

// The faults, in serde's and the validator's words.
extension JSONNode {
    func malformed(_ message: String) -> WireFault {
        WireFault(kind: .format, message: message, place: byteOffset)
    }

    func broken(_ message: String, suffix: String? = nil) -> WireFault {
        WireFault(kind: .validation, message: message, place: byteOffset, suffix: suffix)
    }

    /// A rule is broken; see `WireFault.raise`.
    func breaks(_ message: String, suffix: String? = nil) throws(WireFault) {
        try broken(message, suffix: suffix).raise()
    }

    func fault(_ kind: WireFault.Kind, _ message: String) -> WireFault {
        WireFault(kind: kind, message: message, place: byteOffset)
    }

    func badRequest(_ message: String) -> WireFault {
        WireFault(kind: .badRequest, message: message, place: byteOffset)
    }

    func wrongInput(_ message: String) -> WireFault {
        WireFault(kind: .wrongInput, message: message, place: byteOffset)
    }

    /// 501: `what` begins the sentence, `what is not supported yet`.
    func unsupported(_ what: String) -> WireFault {
        WireFault(kind: .unsupported, message: what, place: byteOffset)
    }

    func missing(_ field: StaticString) -> WireFault {
        malformed("missing field `\(field)`")
    }

    func noVariant(_ name: String) -> WireFault {
        malformed("data did not match any variant of untagged enum \(name)")
    }

    func unknownVariant(_ value: String, _ known: [String]) -> WireFault {
        let names = known.map { "`\($0)`" }.joined(separator: ", ")
        return malformed("unknown variant `\(value)`, expected \(known.count > 2 ? "one of " : "")\(names)")
    }

    func invalidType(_ expected: String) -> WireFault {
        malformed("invalid type: \(serdeDescription), expected \(expected)")
    }

    func invalidValue(_ expected: String) -> WireFault {
        malformed("invalid value: \(serdeDescription), expected \(expected)")
    }

    private var serdeDescription: String {
        switch kind {
        case .null: "null"
        case .true: "boolean `true`"
        case .false: "boolean `false`"
        case .int64, .uint64: "integer `\(excerpt)`"
        case .double: "floating point `\(excerpt)`"
        case .string: "string \"\(string ?? "")\""
        case .object: "map"
        case .array: "sequence"
        }
    }
}
