/// A place on the globe, in degrees.
public struct GeoPoint: Hashable, Sendable {
    /// −180...180.
    public var lon: Double
    /// −90...90.
    public var lat: Double

    public init(lon: Double, lat: Double) {
        self.lon = lon
        self.lat = lat
    }
}

/// A rectangle on the map; it crosses the antimeridian where its left is beyond its right. The border is outside.
public struct GeoBoundingBox: Hashable, Sendable {
    public var topLeft: GeoPoint
    public var bottomRight: GeoPoint

    public init(topLeft: GeoPoint, bottomRight: GeoPoint) {
        self.topLeft = topLeft
        self.bottomRight = bottomRight
    }
}

/// What is nearer to the centre than `radius`.
public struct GeoRadius: Hashable, Sendable {
    public var center: GeoPoint
    /// In metres along the great circle.
    public var radius: Double

    public init(center: GeoPoint, radius: Double) {
        self.center = center
        self.radius = radius
    }
}

/// A polygon on the plane of longitude and latitude, without its border, less its holes.
public struct GeoPolygon: Hashable, Sendable {
    /// At least four points, the last equal to the first.
    public var exterior: [GeoPoint]
    public var interiors: [[GeoPoint]]

    public init(exterior: [GeoPoint], interiors: [[GeoPoint]] = []) {
        self.exterior = exterior
        self.interiors = interiors
    }
}
