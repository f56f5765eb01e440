import QuiverJSON
import QuiverModel

/// Rules for the names of collections and vectors.
package enum Names {
    /// Nil, or what is wrong with the name of a collection that is to be made: 1 to 255 bytes and none of
    /// `< > : " / \ | ? *`, NUL and 0x1F.
    package static func faultOfNewCollection(_ name: String) -> String? {
        let count = name.utf8.count
        guard count >= 1 && count <= Limits.collectionNameBytes else {
            return "value \(quoted(name)) invalid, must be from 1 to \(Limits.collectionNameBytes) characters"
        }
        return forbidden(in: name)
    }

    /// The same for the name of a collection in a path that need not exist: only `/` and NUL cannot be in one.
    package static func faultOfCollection(_ name: String) -> String? {
        let count = name.utf8.count
        guard count >= 1 && count <= Limits.collectionNameBytes else {
            return "value \(quoted(name)) invalid, must be from 1 to \(Limits.collectionNameBytes) characters"
        }
        if name.contains("/") { return "collection name cannot contain \"/\" char" }
        if name.utf8.contains(0) { return "collection name cannot contain \"\\0\" char" }
        return nil
    }

    static func faultOfVector(_ name: String) -> String? {
        guard name.utf8.count <= Limits.vectorNameBytes else {
            return "value \(quoted(name)) invalid, must be at most \(Limits.vectorNameBytes) characters"
        }
        return forbidden(in: name)
    }

    private static func forbidden(in name: String) -> String? {
        for byte in name.utf8 {
            switch byte {
            case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: ":"), UInt8(ascii: "/"), UInt8(ascii: "|"),
                UInt8(ascii: "?"), UInt8(ascii: "*"):
                return "name cannot contain \"\(Character(Unicode.Scalar(byte)))\" char"
            case UInt8(ascii: "\""): return #"name cannot contain "\"" char"#
            case UInt8(ascii: "\\"): return #"name cannot contain "\\" char"#
            case 0: return #"name cannot contain "\0" char"#
            case 0x1f: return #"name cannot contain "\u{1f}" char"#
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
    static func checkVectorName(_ member: JSONNode) throws(WireFault) {
        if let fault = Names.faultOfVector(member.key) { throw member.broken(fault) }
    }

    static func checkCollectionName(_ node: JSONNode) throws(WireFault) {
        if let fault = Names.faultOfNewCollection(try node.text()) { throw node.broken(fault) }
    }
}
