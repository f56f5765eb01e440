import QuiverJSON
import QuiverModel

/// Reads places on the globe from payloads. Messages are those of Qdrant's decoder.
enum FormulaPlace {
    struct Fault: Error { let reason: String }

    /// `{lon, lat}`, or the two in an array.
    static func read(_ value: JSONValue) -> Result<GeoPoint, Fault> {
        let (lon, lat): (JSONValue?, JSONValue?)
        switch value {
        case .object: (lon, lat) = (value["lon"], value["lat"])
        case .array(let pair) where pair.count == 2: (lon, lat) = (pair[0], pair[1])
        case .array(let elements):
            return .failure(Fault(reason: "invalid length \(elements.count), expected struct GeoPointShadow with 2 elements"))
        default: return .failure(Fault(reason: "invalid type: \(name(value)), expected struct GeoPointShadow"))
        }
        guard let lon else { return .failure(Fault(reason: "missing field `lon`")) }
        guard let lat else { return .failure(Fault(reason: "missing field `lat`")) }
        guard let east = number(lon) else { return .failure(Fault(reason: "invalid type: \(name(lon)), expected f64")) }
        guard let north = number(lat) else { return .failure(Fault(reason: "invalid type: \(name(lat)), expected f64")) }
        return checked(GeoPoint(lon: east, lat: north))
    }

    static func checked(_ place: GeoPoint) -> Result<GeoPoint, Fault> {
        guard (-180...180).contains(place.lon), (-90...90).contains(place.lat) else {
            return .failure(
                Fault(
                    reason: "Wrong format of GeoPoint payload: expected `lat` = \(FormulaText.of(place.lat)) within "
                        + "[-90;90] and `lon` = \(FormulaText.of(place.lon)) within [-180;180]"))
        }
        return .success(place)
    }

    private static func number(_ value: JSONValue) -> Double? {
        switch value {
        case .int(let number): Double(number)
        case .uint(let number): Double(number)
        case .double(let number): number
        default: nil
        }
    }

    private static func name(_ value: JSONValue) -> String {
        switch value {
        case .null: "null"
        case .bool(let bool): "boolean `\(bool)`"
        case .int(let number): "integer `\(number)`"
        case .uint(let number): "integer `\(number)`"
        case .double(let number): "floating point `\(number)`"
        case .string(let text): "string \"\(text)\""
        case .array: "sequence"
        case .object: "map"
        }
    }
}
