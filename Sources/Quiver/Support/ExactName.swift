/// The name of a collection or an alias, the same as another when its bytes are.
///
/// Strings that look alike ("ü" in one scalar or in two) are equal in Swift; to clients, and as keys of the catalogue,
/// they are different names.
struct ExactName: Hashable, Comparable, Sendable {
    let text: String

    init(_ text: String) {
        self.text = text
    }

    static func == (left: ExactName, right: ExactName) -> Bool {
        left.text.utf8.elementsEqual(right.text.utf8)
    }

    static func < (left: ExactName, right: ExactName) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(text)
    }
}
