import QuiverIndex
import QuiverModel

/// How a search uses codes.
struct CodeUse: Sendable {
    /// The configured codes; otherwise the plain ones, which every segment has.
    let usesQuantized: Bool
    /// Whether what is found on codes is scored anew with the stored vectors, so that scores are exact. It is unless
    /// the request declines it, and what is not quantized always is.
    let rescores: Bool
    /// So many times the limit is found before that.
    let oversampling: Double
    let queryEncoding: BinaryQueryEncoding

    init(_ config: QuantizationConfig?, _ params: QuantizationSearchParams?) {
        usesQuantized = config != nil && params?.ignore != true
        rescores = !usesQuantized || params?.rescore ?? true
        oversampling = usesQuantized ? max(1, params?.oversampling ?? 1) : 1
        queryEncoding = config?.queryEncoding ?? .default
    }

    /// How many candidates a search for `limit` points has to find.
    func candidates(limit: Int) -> Int {
        let wanted = (Double(limit) * oversampling).rounded(.up)
        // More than there can be rows is as good as all.
        return wanted < Double(Candidate.maximumRowCount) ? max(limit, Int(wanted)) : Candidate.maximumRowCount
    }
}
