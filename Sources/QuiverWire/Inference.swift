import QuiverJSON
import QuiverModel
import QuiverText

/// Objects that stand where a vector may stand, for a model to make a vector of: `{text, model, options?}`, and the
/// same with `image` or `object`.
///
/// The model `bm25`, also `qdrant/bm25`, is computed here. All others run in a service that a node by itself does not
/// have, and get the error of Qdrant without that service.
enum Inference {
    enum Use {
        case document, query
    }

    /// What is in the object, by the names of Qdrant's messages.
    enum Content {
        case document(JSONNode)
        case image(JSONNode)
        case object(JSONNode)

        var name: String {
            switch self {
            case .document: "Document"
            case .image: "Image"
            case .object: "Object"
            }
        }

        var node: JSONNode {
            switch self {
            case .document(let node), .image(let node), .object(let node): node
            }
        }
    }

    /// Nil for an object that is none of them.
    static func content(of node: JSONNode) throws(WireFault) -> Content? {
        guard node.isObject, let model = try node.field("model"), model.isString else { return nil }
        if let options = try node.given("options"), !options.isObject { return nil }
        if let text = try node.field("text"), text.isString { return .document(text) }
        if let image = try node.field("image") { return .image(image) }
        if let object = try node.field("object") { return .object(object) }
        return nil
    }

    /// The vector for such an object; nil where it is none. An empty one once a fault has been noted.
    static func vector(_ node: JSONNode, for use: Use) throws(WireFault) -> SparseVector? {
        guard let content = try content(of: node) else { return nil }
        return try vector(content, of: node, for: use)
    }

    static func vector(_ content: Content, of node: JSONNode, for use: Use) throws(WireFault) -> SparseVector {
        let nothing = SparseVector(indices: [], values: [])
        let model = try node.required("model")
        let name = model.string ?? ""
        if name.isEmpty {
            try model.breaks("value \"\" invalid, must be at least 1 characters")
            return nothing
        }
        guard ["bm25", "qdrant/bm25"].contains(name.lowercased()) else {
            try model.fault(
                .service,
                "InferenceService is not initialized. Please check if it was properly configured and initialized "
                    + "during startup."
            ).raise()
            return nothing
        }
        guard let text = content.node.string else {
            try content.node.fault(.service, "Only strings supported for local models!").raise()
            return nothing
        }
        guard let bm25 = try bm25(node) else { return nothing }
        switch use {
        case .document: return bm25.document(text)
        case .query: return bm25.query(text)
        }
    }
}
