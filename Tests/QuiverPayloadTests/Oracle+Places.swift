import Glibc
import QuiverModel

/// A place and what it is inside of, computed in another way than by the engine.
struct OraclePlace {
    var lon: Double
    var lat: Double

    init(lon: Double, lat: Double) {
        self.lon = lon
        self.lat = lat
    }

    init?(_ value: Sample) {
        guard case .object(let members) = value else { return nil }
        func number(_ key: String) -> Double? {
            switch members.last(where: { $0.key == key })?.value {
            case .integer(let value): Double(value)
            case .unsigned(let value): Double(value)
            case .double(let text): Double(text)
            default: nil
            }
        }
        guard let lon = number("lon"), let lat = number("lat") else { return nil }
        self.init(lon: lon, lat: lat)
    }

    func isIn(_ predicate: FieldCondition.Predicate) -> Bool {
        switch predicate {
        case .geoBoundingBox(let box):
            guard lat > box.bottomRight.lat, lat < box.topLeft.lat else { return false }
            let (west, east) = (box.topLeft.lon, box.bottomRight.lon)
            return west > east ? !(lon >= east && lon <= west) : lon > west && lon < east
        case .geoRadius(let radius):
            return meters(to: radius.center) < radius.radius
        case .geoPolygon(let polygon):
            return isInside(polygon.exterior) && polygon.interiors.allSatisfy { isOutside($0) }
        default:
            return false
        }
    }

    func meters(to other: GeoPoint) -> Double {
        let degree = Double.pi / 180
        let a = pow(sin((lat - other.lat) * degree / 2), 2)
            + cos(other.lat * degree) * cos(lat * degree) * pow(sin((lon - other.lon) * degree / 2), 2)
        return 6_371_008.8 * (2 * asin(sqrt(a)))
    }

    private func isInside(_ ring: [GeoPoint]) -> Bool { !isOnBorder(ring) && abs(turn(ring)) > 3 }

    private func isOutside(_ ring: [GeoPoint]) -> Bool { !isOnBorder(ring) && abs(turn(ring)) < 3 }

    /// The angle under which a walk around the ring is seen: a multiple of a full turn.
    private func turn(_ ring: [GeoPoint]) -> Double {
        zip(ring, ring.dropFirst()).reduce(0) { sum, edge in
            let one = (edge.0.lon - lon, edge.0.lat - lat)
            let two = (edge.1.lon - lon, edge.1.lat - lat)
            return sum + atan2(one.0 * two.1 - one.1 * two.0, one.0 * two.0 + one.1 * two.1)
        }
    }

    /// Exact for the small numbers of the samples.
    private func isOnBorder(_ ring: [GeoPoint]) -> Bool {
        zip(ring, ring.dropFirst()).contains { start, end in
            (end.lon - start.lon) * (lat - start.lat) == (end.lat - start.lat) * (lon - start.lon)
                && lon >= min(start.lon, end.lon) && lon <= max(start.lon, end.lon)
                && lat >= min(start.lat, end.lat) && lat <= max(start.lat, end.lat)
        }
    }
}

/// Parts of ids by SipHash-2-4 with a key of zeros, written down from the paper.
enum OracleSlices {
    static func part(of number: UInt64, _ total: UInt64) -> UInt64? {
        if total == 0 { return nil }
        return hash((0..<8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }) % total
    }

    static func hash(_ bytes: [UInt8]) -> UInt64 {
        var v: [UInt64] = [0x736f6d6570736575, 0x646f72616e646f6d, 0x6c7967656e657261, 0x7465646279746573]
        func round(_ count: Int) {
            for _ in 0..<count {
                for (a, b, left, swap) in [(0, 1, 13, true), (2, 3, 16, false), (0, 3, 21, false), (2, 1, 17, true)] {
                    v[a] = v[a] &+ v[b]
                    v[b] = (v[b] << UInt64(left) | v[b] >> UInt64(64 - left)) ^ v[a]
                    if swap { v[a] = v[a] << 32 | v[a] >> 32 }
                }
            }
        }
        var padded = bytes
        while padded.count % 8 != 7 { padded.append(0) }
        padded.append(UInt8(truncatingIfNeeded: bytes.count))
        for start in stride(from: 0, to: padded.count, by: 8) {
            let word = (0..<8).reduce(UInt64(0)) { $0 | UInt64(padded[start + $1]) << UInt64($1 * 8) }
            v[3] ^= word
            round(2)
            v[0] ^= word
        }
        v[2] ^= 0xFF
        round(4)
        return v[0] ^ v[1] ^ v[2] ^ v[3]
    }
}
