import QuiverJSON
import QuiverModel

// Conditions on places. Qdrant looks at their bounds while it reads them, so they are told as malformed.
extension RequestDecoder {
    static func geoPoint(_ node: JSONNode) throws(WireFault) -> GeoPoint {
        try node.requireObject("struct GeoPoint")
        let point = GeoPoint(lon: try node.required("lon").number(), lat: try node.required("lat").number())
        guard (-180...180).contains(point.lon) && (-90...90).contains(point.lat) else {
            let (lat, lon) = (plain(point.lat), plain(point.lon))
            throw node.malformed(
                "Wrong format of GeoPoint payload: expected `lat` = \(lat) within [-90;90] and `lon` = \(lon) "
                    + "within [-180;180]")
        }
        return point
    }

    /// Whole numbers without a fraction.
    static func plain(_ number: Double) -> String {
        let text = "\(number)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    static func geoBoundingBox(_ node: JSONNode) throws(WireFault) -> GeoBoundingBox {
        try node.requireObject("struct GeoBoundingBox")
        return GeoBoundingBox(
            topLeft: try geoPoint(node.required("top_left")), bottomRight: try geoPoint(node.required("bottom_right")))
    }

    static func geoRadius(_ node: JSONNode) throws(WireFault) -> GeoRadius {
        try node.requireObject("struct GeoRadius")
        return GeoRadius(center: try geoPoint(node.required("center")), radius: try node.required("radius").number())
    }

    static func geoPolygon(_ node: JSONNode) throws(WireFault) -> GeoPolygon {
        try node.requireObject("struct GeoPolygon")
        let interiors = try node.given("interiors").map { (list) throws(WireFault) in
            try list.list("a sequence") { (line) throws(WireFault) in try ring(line) }
        }
        return GeoPolygon(exterior: try ring(node.required("exterior")), interiors: interiors ?? [])
    }

    /// A line that ends where it begins.
    private static func ring(_ node: JSONNode) throws(WireFault) -> [GeoPoint] {
        try node.requireObject("struct GeoLineString")
        let points = try node.required("points").list("a sequence") { (item) throws(WireFault) in try geoPoint(item) }
        guard points.count >= 4 else {
            throw node.malformed("polygon invalid, the size must be at least 4, got \(points.count)")
        }
        guard points.first == points.last else {
            throw node.malformed(
                "polygon invalid, the first and the last points should be the same to form a closed line")
        }
        return points
    }
}
