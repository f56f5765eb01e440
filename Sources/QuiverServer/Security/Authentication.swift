import Quiver
import QuiverModel
import QuiverWire

/// Who calls: by a key, or by a token that was signed with one.
struct Authentication: Sendable {
    /// What was found of a caller.
    struct Caller: Sendable {
        var access: Access
        /// Has to hold, too; it needs a look into a collection.
        var condition: TokenClaims.Condition?

        static let anybody = Caller(access: .manage)
    }

    private let full: [[UInt8]]
    private let readOnly: [UInt8]?
    /// Keys that tokens are signed with; none: no tokens.
    private let signing: [[UInt8]]

    /// Nil: no key is asked for. An empty key counts as none.
    init?(_ options: ServerOptions.Security) {
        full = [options.apiKey, options.alternativeAPIKey].compactMap { $0 }.filter { !$0.isEmpty }.map { Array($0.utf8) }
        readOnly = options.readOnlyAPIKey.flatMap { $0.isEmpty ? nil : Array($0.utf8) }
        signing = options.acceptsTokens ? full : []
        if full.isEmpty, readOnly == nil { return nil }
    }

    /// - Parameter seconds: now, since 1970.
    /// - Throws: `Rejection` with 401 or 403 in plain text.
    func caller(_ fields: RequestFields, at seconds: Int) throws(Rejection) -> Caller {
        guard let text = fields.apiKey ?? Self.bearer(fields.authorization) else {
            throw .unauthorized("Must provide an API key or an Authorization bearer token")
        }
        let key = Array(text.utf8)
        // Each is compared to its end, whichever of them agrees.
        let isFull = full.reduce(false) { MessageAuthentication.areEqual($1, key) || $0 }
        if isFull { return .anybody }
        if let readOnly, MessageAuthentication.areEqual(readOnly, key) { return Caller(access: .read) }
        var refusal = Rejection.unauthorized("Invalid API key or JWT")
        for (index, secret) in signing.enumerated() {
            switch JSONWebToken.read(key, secret: secret, at: seconds) {
            case .claims(let claims): return try caller(claims)
            case .expired: if index == 0 { refusal = .refused("ExpiredSignature") }
            case .forged: if index == 0 { refusal = .refused("InvalidSignature") }
            case .none: break
            }
        }
        throw refusal
    }

    private func caller(_ claims: TokenClaims) throws(Rejection) -> Caller {
        if let fault = claims.fault { throw .unauthorized(fault) }
        let access: Access =
            switch claims.access {
            case nil, .manage: .manage
            case .read: .read
            case .collections(let list): .collections(Dictionary(list.map { ($0.name, $0.mode) }) { first, _ in first })
            }
        return Caller(access: access, condition: claims.valueExists)
    }

    private static func bearer(_ field: String?) -> String? {
        guard let field, field.hasPrefix("Bearer ") else { return nil }
        return String(field.dropFirst("Bearer ".utf8.count))
    }
}

extension TokenClaims.Condition {
    /// Looks whether some point matches. Blocks.
    /// - Throws: `Rejection`: 401 when none does, 403 when there is no such collection.
    func check(in database: Database) throws(Rejection) {
        let text = "Invalid JWT, stateful validation failed"
        var found: ScrollPage?
        do throws(QuiverError) {
            found = try database.collection(collection)
                .scrollBlocking(ScrollRequest(filter: filter, limit: 1, withPayload: .none))
        } catch {
            if error.kind == .notFound { throw .refused(text) }
            throw ErrorAnswer.rejection(error)
        }
        if found?.records.isEmpty ?? true { throw .unauthorized(text) }
    }
}
