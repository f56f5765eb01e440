import QuiverModel

/// A shape on the map as plain numbers, so that testing a place against it touches no reference count.
///
/// | kind | numbers |
/// |---|---|
/// | `box` | left, top, right, bottom |
/// | `radius` | longitude and latitude of the centre, metres |
/// | `polygon` | number of rings, the exterior first; of each ring the number of its corners, then longitude and latitude of each |
struct GeoShape {
    enum Kind { case box, radius, polygon }

    let kind: Kind
    let numbers: [Double]

    init(_ box: GeoBoundingBox) {
        kind = .box
        numbers = [box.topLeft.lon, box.topLeft.lat, box.bottomRight.lon, box.bottomRight.lat]
    }

    init(_ radius: GeoRadius) {
        kind = .radius
        numbers = [radius.center.lon, radius.center.lat, radius.radius]
    }

    init(_ polygon: GeoPolygon) {
        kind = .polygon
        var numbers = [Double(polygon.interiors.count + 1)]
        for ring in [polygon.exterior] + polygon.interiors {
            numbers.append(Double(ring.count))
            for corner in ring { numbers += [corner.lon, corner.lat] }
        }
        self.numbers = numbers
    }

    /// Nil for a predicate about something else.
    init?(_ predicate: FieldCondition.Predicate) {
        switch predicate {
        case .geoBoundingBox(let box): self.init(box)
        case .geoRadius(let radius): self.init(radius)
        case .geoPolygon(let polygon): self.init(polygon)
        default: return nil
        }
    }

    func contains(lon: Double, lat: Double) -> Bool {
        unsafe numbers.withUnsafeBufferPointer { buffer in
            guard let numbers = buffer.baseAddress else { return false }
            return switch kind {
            case .box: unsafe GeoTest.isInBox(numbers, lon, lat)
            case .radius: unsafe GeoTest.isInRadius(numbers, lon, lat)
            case .polygon: unsafe GeoTest.isInPolygon(numbers, lon, lat)
            }
        }
    }
}

/// A rectangle of degrees with its border.
struct GeoRectangle {
    var west: Double
    var east: Double
    var south: Double
    var north: Double

    var centerLon: Double { (west + east) / 2 }
    var centerLat: Double { (south + north) / 2 }
}

/// What is known of all places in a rectangle.
enum GeoRelation {
    case inside, outside
    /// Some may be inside and some not.
    case unknown
}

extension GeoShape {
    /// Certain where it says more than `unknown`.
    func relation(to rectangle: GeoRectangle) -> GeoRelation {
        switch kind {
        case .box: boxRelation(rectangle)
        case .radius: radiusRelation(rectangle)
        case .polygon: polygonRelation(rectangle)
        }
    }

    private func boxRelation(_ rectangle: GeoRectangle) -> GeoRelation {
        let (left, top, right, bottom) = (numbers[0], numbers[1], numbers[2], numbers[3])
        if rectangle.south >= top || rectangle.north <= bottom { return .outside }
        let isTall = rectangle.south > bottom && rectangle.north < top
        if left > right {
            if rectangle.east <= left && rectangle.west >= right { return .outside }
            return isTall && (rectangle.west > left || rectangle.east < right) ? .inside : .unknown
        }
        if rectangle.east <= left || rectangle.west >= right { return .outside }
        return isTall && rectangle.west > left && rectangle.east < right ? .inside : .unknown
    }

    /// By the triangle: no place of the rectangle is farther from its centre than its half diagonal.
    private func radiusRelation(_ rectangle: GeoRectangle) -> GeoRelation {
        let radius = numbers[2]
        let distance = GeoTest.meters(numbers[0], numbers[1], rectangle.centerLon, rectangle.centerLat)
        let reach = GeoTest.halfDiagonalMeters(rectangle)
        // Above what rounding does to a distance, which is most where it goes half around the globe.
        let margin = 0.01 + abs(radius) * 1e-7
        if distance + reach + margin < radius { return .inside }
        return distance - reach - margin > radius ? .outside : .unknown
    }

    /// Where no edge comes through, all places are on the same side.
    private func polygonRelation(_ rectangle: GeoRectangle) -> GeoRelation {
        var at = 1
        while at < numbers.count {
            let count = Int(numbers[at])
            let first = at + 1
            at = first + count * 2
            for corner in 0..<max(0, count - 1) {
                let start = first + corner * 2
                if rectangle.isTouched(
                    from: (numbers[start], numbers[start + 1]), to: (numbers[start + 2], numbers[start + 3]))
                {
                    return .unknown
                }
            }
        }
        return contains(lon: rectangle.centerLon, lat: rectangle.centerLat) ? .inside : .outside
    }
}

extension GeoRectangle {
    /// Whether the line may have a point in common with it.
    fileprivate func isTouched(from start: (Double, Double), to end: (Double, Double)) -> Bool {
        if max(start.0, end.0) < west || min(start.0, end.0) > east { return false }
        if max(start.1, end.1) < south || min(start.1, end.1) > north { return false }
        var isLeft = false
        var isRight = false
        for (x, y) in [(west, south), (west, north), (east, south), (east, north)] {
            let side = (end.0 - start.0) * (y - start.1) - (end.1 - start.1) * (x - start.0)
            if side >= 0 { isLeft = true }
            if side <= 0 { isRight = true }
        }
        return isLeft && isRight
    }
}
