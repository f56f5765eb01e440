#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

// Is a place inside of a shape? The numbers are those of `GeoShape`. Borders are outside everywhere.

enum GeoTest {
    /// The mean radius of the earth (IUGG), in metres.
    private static let earthRadius = 6_371_008.8
    private static let radiansPerDegree = Double.pi / 180

    static func isInBox(_ numbers: UnsafePointer<Double>, _ lon: Double, _ lat: Double) -> Bool {
        let (left, top, right, bottom) = unsafe (numbers[0], numbers[1], numbers[2], numbers[3])
        // It crosses the antimeridian where its left is beyond its right.
        let isAcross = left > right ? lon > left || lon < right : left < lon && lon < right
        return isAcross && bottom < lat && lat < top
    }

    static func isInRadius(_ numbers: UnsafePointer<Double>, _ lon: Double, _ lat: Double) -> Bool {
        unsafe meters(numbers[0], numbers[1], lon, lat) < numbers[2]
    }

    /// The length of the great circle between two places, by the haversine formula.
    static func meters(_ lon: Double, _ lat: Double, _ otherLon: Double, _ otherLat: Double) -> Double {
        let halfLat = sin((otherLat - lat) * radiansPerDegree / 2)
        let halfLon = sin((otherLon - lon) * radiansPerDegree / 2)
        let cosines = cos(lat * radiansPerDegree) * cos(otherLat * radiansPerDegree)
        let square = halfLat * halfLat + cosines * (halfLon * halfLon)
        return earthRadius * (2 * asin(square.squareRoot()))
    }

    /// No place of the rectangle is farther from its centre.
    static func halfDiagonalMeters(_ rectangle: GeoRectangle) -> Double {
        let nearestToEquator = rectangle.south <= 0 && rectangle.north >= 0
            ? 0 : min(abs(rectangle.south), abs(rectangle.north))
        let high = (rectangle.north - rectangle.south) / 2 * radiansPerDegree
        let wide = (rectangle.east - rectangle.west) / 2 * radiansPerDegree * cos(nearestToEquator * radiansPerDegree)
        return earthRadius * (high * high + wide * wide).squareRoot()
    }

    static func isInPolygon(_ numbers: UnsafePointer<Double>, _ lon: Double, _ lat: Double) -> Bool {
        let ringCount = Int(unsafe numbers[0])
        var ring = unsafe numbers + 1
        for place in 0..<ringCount {
            let count = Int(unsafe ring.pointee)
            let isIn: Bool
            switch unsafe side(ring + 1, count, lon, lat) {
            case .border: return false
            case .inside: isIn = true
            case .outside: isIn = false
            }
            // Inside of the exterior, outside of every hole.
            if isIn != (place == 0) { return false }
            unsafe ring += 1 + count * 2
        }
        return ringCount > 0
    }

    private enum Side { case inside, outside, border }

    /// By the number of times that the ring winds around the place. An edge upwards has its first corner, one downwards
    /// its last, so that a corner at the height of the place counts once.
    private static func side(_ corners: UnsafePointer<Double>, _ count: Int, _ lon: Double, _ lat: Double) -> Side {
        if count == 1 { return unsafe corners[0] == lon && corners[1] == lat ? .border : .outside }
        var windings = 0
        for index in 0..<max(0, count - 1) {
            let (startX, startY) = unsafe (corners[index * 2], corners[index * 2 + 1])
            let (endX, endY) = unsafe (corners[index * 2 + 2], corners[index * 2 + 3])
            if startY <= lat {
                if endY < lat { continue }
                let turn = orientation(startX, startY, endX, endY, lon, lat)
                if turn > 0 && endY != lat { windings += 1 }
                if turn == 0 && isBetween(lon, startX, endX) { return .border }
            } else if endY <= lat {
                let turn = orientation(startX, startY, endX, endY, lon, lat)
                if turn < 0 { windings -= 1 }
                if turn == 0 && isBetween(lon, startX, endX) { return .border }
            }
        }
        return windings == 0 ? .outside : .inside
    }

    private static func isBetween(_ value: Double, _ one: Double, _ other: Double) -> Bool {
        min(one, other) <= value && value <= max(one, other)
    }

    /// The sign of the turn a → b → c: 1 to the left, -1 to the right, 0 exactly on a line. Exact for all doubles
    /// (Shewchuk 1997): by rounding where the error cannot matter, else by sums without error.
    static func orientation(
        _ ax: Double, _ ay: Double, _ bx: Double, _ by: Double, _ cx: Double, _ cy: Double
    ) -> Int {
        let left = (ax - cx) * (by - cy)
        let right = (ay - cy) * (bx - cx)
        let difference = left - right
        if abs(difference) > 3.3306690738754716e-16 * (abs(left) + abs(right)) { return difference > 0 ? 1 : -1 }
        var sum = ExactSum()
        for (x, y) in [(ax, by), (-ax, cy), (-cx, by), (-ay, bx), (ay, cx), (cy, bx)] {
            let product = x * y
            sum.add(product)
            sum.add((-product).addingProduct(x, y))
        }
        return sum.sign
    }
}

/// A sum of doubles without rounding: terms of which each is the error of the next (Shewchuk's expansions).
private struct ExactSum {
    private var terms: [Double] = []

    mutating func add(_ value: Double) {
        var carried = value
        for place in terms.indices {
            let term = terms[place]
            let sum = carried + term
            let back = sum - carried
            terms[place] = (carried - (sum - back)) + (term - back)
            carried = sum
        }
        terms.append(carried)
    }

    var sign: Int {
        guard let largest = terms.last(where: { $0 != 0 }) else { return 0 }
        return largest > 0 ? 1 : -1
    }
}
