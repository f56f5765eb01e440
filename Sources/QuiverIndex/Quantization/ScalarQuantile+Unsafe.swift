/// The quantile of scalar quantization.
package enum ScalarQuantile {
    /// Values looked at.
    private static let sampleValues = 1 << 20

    /// The magnitude that a share of `quantile` of all values does not exceed: the symmetric form of the interval
    /// that holds this share. Values beyond are to be clipped to it. Infinite when nothing is to be clipped.
    package static func clipLimit(_ rows: RowsView, quantile: Float) -> Float {
        guard quantile < 1, rows.count > 0 else { return .infinity }
        let sampled = min(rows.count, max(sampleValues / rows.dimension, 1))
        var magnitudes: [Float] = []
        magnitudes.reserveCapacity(sampled * rows.dimension)
        for index in 0..<sampled {
            let row = unsafe rows.floats + (index * rows.count / sampled) * rows.strideFloats
            for i in 0..<rows.dimension { unsafe magnitudes.append(abs(row[i])) }
        }
        magnitudes.sort()
        let place = Int((Float(magnitudes.count) * max(quantile, 0)).rounded(.up)) - 1
        return magnitudes[min(max(place, 0), magnitudes.count - 1)]
    }
}
