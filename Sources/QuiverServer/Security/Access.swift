import QuiverWire

/// What a caller may do.
enum Access: Sendable {
    case manage
    case read
    /// By the names that requests may use.
    case collections([String: TokenClaims.Mode])

    /// - Parameter collection: the one that the path names.
    /// - Throws: `Rejection` with 403 and Qdrant's reason.
    func check(_ required: AccessClass, collection: String?) throws(Rejection) {
        switch self {
        case .manage: return
        case .read:
            switch required {
            case .open, .listing, .globalRead, .collectionRead, .collectionExtras: return
            case .globalManage, .collectionWrite, .collectionManage:
                throw .forbidden("Global manage access is required")
            }
        case .collections(let modes):
            switch required {
            case .open, .listing: return
            case .globalRead, .globalManage: throw .forbidden("Global access is required")
            case .collectionRead, .collectionExtras, .collectionWrite, .collectionManage: break
            }
            let name = collection ?? ""
            guard let mode = modes[name] else { throw .forbidden("Access to collection \(name) is required") }
            if required == .collectionExtras || required == .collectionManage, mode == .writePoints {
                throw .forbidden("Only points access is allowed for collection \(name)")
            }
            if required == .collectionWrite || required == .collectionManage, mode == .read {
                throw .forbidden("Write access to collection \(name) is required")
            }
        }
    }

    /// Whether a listing shows the collection.
    func sees(_ collection: String) -> Bool {
        switch self {
        case .manage, .read: true
        case .collections(let modes): modes[collection] != nil
        }
    }

    var isGlobal: Bool {
        switch self {
        case .manage, .read: true
        case .collections: false
        }
    }
}
