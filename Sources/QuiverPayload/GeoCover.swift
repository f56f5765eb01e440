import QuiverLMDB

/// A place as one number whose order keeps neighbours together: 32 bits each of longitude and latitude, alternating
/// (a Morton code). A cell of the finest grid is about a centimetre wide.
enum GeoCode {
    /// Nil off the map.
    static func code(lon: Double, lat: Double) -> UInt64? {
        guard lon >= -180, lon <= 180, lat >= -90, lat <= 90 else { return nil }
        return spread(cell((lon + 180) / 360)) &<< 1 | spread(cell((lat + 90) / 180))
    }

    private static let cellCount = 4_294_967_296.0

    private static func cell(_ share: Double) -> UInt32 { UInt32(min(share * cellCount, cellCount - 1)) }

    /// The rectangle of 2^(32 − `level`) × 2^(32 − `level`) cells that begins at `code`, a little wider on each side
    /// than rounding can move a place.
    static func rectangle(_ code: UInt64, level: Int) -> GeoRectangle {
        let size = Double(UInt64(1) &<< UInt64(32 - level))
        let west = Double(gathered(code &>> 1)) / cellCount * 360 - 180
        let south = Double(gathered(code)) / cellCount * 180 - 90
        let margin = 1e-8
        return GeoRectangle(
            west: west - margin, east: west + size / cellCount * 360 + margin,
            south: south - margin, north: south + size / cellCount * 180 + margin)
    }

    private static func spread(_ cell: UInt32) -> UInt64 {
        var bits = UInt64(cell)
        bits = (bits | bits &<< 16) & 0x0000_FFFF_0000_FFFF
        bits = (bits | bits &<< 8) & 0x00FF_00FF_00FF_00FF
        bits = (bits | bits &<< 4) & 0x0F0F_0F0F_0F0F_0F0F
        bits = (bits | bits &<< 2) & 0x3333_3333_3333_3333
        return (bits | bits &<< 1) & 0x5555_5555_5555_5555
    }

    private static func gathered(_ code: UInt64) -> UInt64 {
        var bits = code & 0x5555_5555_5555_5555
        bits = (bits | bits &>> 1) & 0x3333_3333_3333_3333
        bits = (bits | bits &>> 2) & 0x0F0F_0F0F_0F0F_0F0F
        bits = (bits | bits &>> 4) & 0x00FF_00FF_00FF_00FF
        bits = (bits | bits &>> 8) & 0x0000_FFFF_0000_FFFF
        return (bits | bits &>> 16) & 0x0000_0000_FFFF_FFFF
    }
}

/// The cells that a shape may have places in, as ranges of codes, few enough to read each.
struct GeoCover {
    let shape: GeoShape
    /// All places of these are inside.
    private(set) var inside: [ClosedRange<UInt64>] = []
    /// Cells through which the border goes: each of their places is looked at.
    private(set) var border: [ClosedRange<UInt64>] = []

    /// More cells follow the border more closely and cost more searches.
    private static let mostCells = 128
    private static let finestLevel = 30

    private struct Cell {
        var code: UInt64
        var level: Int

        var codes: ClosedRange<UInt64> {
            level == 0 ? 0...UInt64.max : code...(code &+ (1 &<< UInt64(64 - 2 * level)) &- 1)
        }
    }

    init(_ shape: GeoShape) {
        self.shape = shape
        // Whole levels first, so that the budget goes to the largest cells of the border.
        var level = [Cell(code: 0, level: 0)]
        while !level.isEmpty {
            var open: [Cell] = []
            for cell in level {
                switch shape.relation(to: GeoCode.rectangle(cell.code, level: cell.level)) {
                case .inside: inside.append(cell.codes)
                case .outside: break
                case .unknown: open.append(cell)
                }
            }
            level = []
            for (place, cell) in open.enumerated() {
                let waiting = inside.count + border.count + level.count + open.count - place
                if cell.level >= Self.finestLevel || waiting + 3 > Self.mostCells {
                    border.append(cell.codes)
                    continue
                }
                let step = UInt64(1) &<< UInt64(62 - 2 * cell.level)
                for quarter in 0..<UInt64(4) {
                    level.append(Cell(code: cell.code &+ quarter &* step, level: cell.level + 1))
                }
            }
        }
        inside = Self.joined(inside)
        border = Self.joined(border)
    }

    /// Ascending, neighbours as one.
    private static func joined(_ ranges: [ClosedRange<UInt64>]) -> [ClosedRange<UInt64>] {
        var joined: [ClosedRange<UInt64>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = joined.last, last.upperBound &+ 1 == range.lowerBound {
                joined[joined.count - 1] = last.lowerBound...range.upperBound
            } else {
                joined.append(range)
            }
        }
        return joined
    }

    /// What is known of the places with this code.
    func relation(of code: UInt64) -> GeoRelation { shape.relation(to: GeoCode.rectangle(code, level: 32)) }
}
