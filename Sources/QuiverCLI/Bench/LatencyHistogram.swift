/// Counts of durations in buckets whose width grows with the value, as HdrHistogram has them: any value is told within
/// 0.8 %, and adding one costs a few instructions.
///
/// A value below 2⁷ nanoseconds has a bucket of its own; every further power of two is cut into 2⁷ buckets.
struct LatencyHistogram: Sendable {
    private static let subBucketBits = 7
    private static let bucketCount = (64 - subBucketBits + 1) << subBucketBits

    private var counts = [UInt64](repeating: 0, count: bucketCount)
    private(set) var count: UInt64 = 0
    /// Nanoseconds.
    private(set) var maximum: UInt64 = 0
    private var sum: Double = 0

    mutating func record(nanoseconds value: UInt64) {
        counts[Self.bucket(of: value)] += 1
        count += 1
        sum += Double(value)
        maximum = max(maximum, value)
    }

    mutating func add(_ other: LatencyHistogram) {
        for bucket in counts.indices { counts[bucket] += other.counts[bucket] }
        count += other.count
        sum += other.sum
        maximum = max(maximum, other.maximum)
    }

    /// Nanoseconds.
    var mean: Double { count == 0 ? 0 : sum / Double(count) }

    /// The smallest value, in nanoseconds and rounded up to its bucket's end, that at least this share of all values
    /// does not exceed; 0 when there are none.
    func quantile(_ share: Double) -> UInt64 {
        guard count > 0 else { return 0 }
        let wanted = max(1, UInt64((share * Double(count)).rounded(.up)))
        var passed: UInt64 = 0
        for (bucket, inBucket) in counts.enumerated() where inBucket > 0 {
            passed += inBucket
            if passed >= wanted { return min(Self.upperBound(of: bucket), maximum) }
        }
        return maximum
    }

    private static func bucket(of value: UInt64) -> Int {
        let exponent = 63 - (value | 1).leadingZeroBitCount
        guard exponent >= subBucketBits else { return Int(value) }
        let shift = exponent - subBucketBits
        return (shift + 1) << subBucketBits + Int(value >> UInt64(shift)) - (1 << subBucketBits)
    }

    private static func upperBound(of bucket: Int) -> UInt64 {
        guard bucket >= 1 << subBucketBits else { return UInt64(bucket) }
        let shift = bucket >> subBucketBits - 1
        let start = UInt64(bucket & (1 << subBucketBits - 1) + 1 << subBucketBits) << UInt64(shift)
        return start + (1 << UInt64(shift) - 1)
    }
}
