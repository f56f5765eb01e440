import QuiverJSON
import QuiverModel

/// Rules for names that stand in bodies.
enum Names {
    /// Nil, or what is wrong with the name of an alias: it stands where collections are named, so `/` and NUL cannot
    /// be in it.
    static func faultOfAlias(_ name: String) -> String? {
        let count = name.utf8.count
        guard count >= 1 && count <= Limits.collectionNameBytes else {
            return "value \(quoted(name)) invalid, must be from 1 to \(Limits.collectionNameBytes) characters"
        }
        if name.utf8.contains(UInt8(ascii: "/")) { return #"collection name cannot contain "/" char"# }
        if name.utf8.contains(0) { return #"collection name cannot contain "\0" char"# }
        return nil
    }

    static func faultOfVector(_ name: String) -> String? {
        guard name.utf8.count <= Limits.vectorNameBytes else {
            return "vector name must be at most \(Limits.vectorNameBytes) bytes long"
        }
        return forbidden(in: name)
    }

    private static func forbidden(in name: String) -> String? {
        for byte in name.utf8 {
            switch byte {
            case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: ":"), UInt8(ascii: "/"), UInt8(ascii: "|"),
                UInt8(ascii: "?"), UInt8(ascii: "*"):
                return "vector name cannot contain \"\(Character(Unicode.Scalar(byte)))\" char"
            case UInt8(ascii: "\""): return #"vector name cannot contain "\"" char"#
            case UInt8(ascii: "\\"): return #"vector name cannot contain "\\" char"#
            case 0: return #"vector name cannot contain "\0" char"#
            case 0x1f: return #"vector name cannot contain "\u{1f}" char"#
            default: break
            }
        }
        return nil
    }

    private static func quoted(_ name: String) -> String {
        var writer = JSONWriter()
        writer.value(name)
        return writer.text
    }
}

extension RequestDecoder {
    static func checkAliasName(_ node: JSONNode) throws(WireFault) {
        if let fault = Names.faultOfAlias(try node.text()) { try node.breaks(fault) }
    }
}
