import QuiverJSON
import QuiverModel
import QuiverText
import Synchronization

extension Inference {
    /// Of one request, and mostly of all, the options are the same; making the words of a language ready costs more
    /// than most texts do.
    private static let last = Mutex<(options: BM25Options, model: BM25)?>(nil)

    /// The model with the member `options` of an object; nil once a fault in them has been noted.
    static func bm25(_ node: JSONNode) throws(WireFault) -> BM25? {
        let options = try node.given("options")
        do throws(WireFault) {
            let read = try bm25Options(options)
            if let last = last.withLock({ $0 }), last.options == read { return last.model }
            let model: BM25
            do throws(BM25Error) {
                model = try BM25(read)
            } catch {
                throw (options ?? node).malformed(error.description)
            }
            last.withLock { $0 = (read, model) }
            return model
        } catch {
            // Options are read when the rest of the body is known to be well-formed.
            guard error.kind == .format else { throw error }
            let fault = WireFault(kind: .wrongInput, message: "Invalid BM25 config: \(error.message)", place: error.place)
            try fault.raise()
            return nil
        }
    }

    private static func bm25Options(_ node: JSONNode?) throws(WireFault) -> BM25Options {
        guard let node else { return BM25Options() }
        return BM25Options(
            k: try node.given("k")?.number(), b: try node.given("b")?.number(),
            averageLength: try node.given("avg_len")?.number(), language: try node.optionalString("language"),
            text: try RequestDecoder.textOptions(node))
    }
}
