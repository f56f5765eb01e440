#if Server
import Foundation
#if canImport(FoundationXML)
import FoundationXML
#endif

/// An XML answer of S3, as far as it is used here: elements with their texts, in order. Names without namespace.
struct S3Element {
    var name: String
    var text = ""
    var children: [S3Element] = []

    func first(_ name: String) -> S3Element? { children.first { $0.name == name } }
    func text(_ name: String) -> String? { first(name)?.text }
    func all(_ name: String) -> [S3Element] { children.filter { $0.name == name } }

    /// Nil when the bytes are no XML. External entities are not looked at.
    static func parse(_ bytes: [UInt8]) -> S3Element? {
        let reader = ElementReader()
        let parser = XMLParser(data: Data(bytes))
        parser.shouldProcessNamespaces = true
        parser.shouldResolveExternalEntities = false
        parser.delegate = reader
        guard parser.parse() else { return nil }
        return reader.root
    }
}

private final class ElementReader: NSObject, XMLParserDelegate {
    private var open: [S3Element] = []
    private(set) var root: S3Element?
    private static let mostDepth = 32

    func parser(
        _ parser: XMLParser, didStartElement elementName: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        if open.count == Self.mostDepth { parser.abortParsing() }
        open.append(S3Element(name: elementName))
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) {
        if !open.isEmpty { open[open.count - 1].text += string }
    }

    func parser(
        _ parser: XMLParser, didEndElement elementName: String, namespaceURI: String?, qualifiedName: String?
    ) {
        guard let element = open.popLast() else { return }
        if open.isEmpty { root = element } else { open[open.count - 1].children.append(element) }
    }
}
#endif
