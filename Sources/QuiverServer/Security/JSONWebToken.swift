import Quiver
import QuiverWire

/// Tokens of RFC 7519, signed with HS256 and nothing else.
enum JSONWebToken {
    enum Reading {
        case claims(TokenClaims)
        case expired, forged
        /// It is no token.
        case none
    }

    /// Clocks may differ by so much.
    static let leewaySeconds = 30

    static func read(_ token: [UInt8], secret: [UInt8], at seconds: Int) -> Reading {
        let dot = UInt8(ascii: ".")
        let parts = token.split(separator: dot, omittingEmptySubsequences: false)
        guard parts.count == 3, let head = Base64URL.decode(parts[0]), let signature = Base64URL.decode(parts[2]),
            algorithm(head) == "HS256"
        else { return .none }
        let signed = Array(token[..<(token.count - parts[2].count - 1)])
        guard let expected = MessageAuthentication.hmacSHA256(key: secret, signed) else { return .none }
        guard MessageAuthentication.areEqual(expected, signature) else { return .forged }
        guard let payload = Base64URL.decode(parts[1]), let claims = claims(payload) else { return .none }
        if let expires = claims.expires, expires < UInt64(clamping: seconds - leewaySeconds) { return .expired }
        return .claims(claims)
    }

    private static func algorithm(_ text: [UInt8]) -> String? {
        text.withUnsafeBytes { bytes in
            do throws(WireError) { return try RequestDecoder.tokenAlgorithm(bytes) } catch { return nil }
        }
    }

    private static func claims(_ text: [UInt8]) -> TokenClaims? {
        text.withUnsafeBytes { bytes in
            do throws(WireError) { return try RequestDecoder.tokenClaims(bytes) } catch { return nil }
        }
    }
}

/// RFC 4648, section 5, without padding.
enum Base64URL {
    /// Nil for what is not in this form.
    static func decode(_ text: some Swift.Collection<UInt8>) -> [UInt8]? {
        if text.count % 4 == 1 { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3 + 2)
        var bits: UInt32 = 0
        var count = 0
        for character in text {
            guard let value = value(character) else { return nil }
            bits = bits << 6 | value
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        // What is left over of the last character has to be nothing.
        return bits & (1 << UInt32(count) - 1) == 0 ? bytes : nil
    }

    private static func value(_ character: UInt8) -> UInt32? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "-"): 62
        case UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
