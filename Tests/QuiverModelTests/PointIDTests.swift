import Foundation
import QuiverModel
import QuiverTestKit
import Testing

struct PointIDTests {
    static let uuid = PointUUID(high: 0x550E_8400_E29B_41D4, low: 0xA716_4466_5544_0000)

    @Test(arguments: [
        "550e8400-e29b-41d4-a716-446655440000", "550E8400-E29B-41D4-A716-446655440000", "550e8400e29b41d4a716446655440000",
        "{550e8400-e29b-41d4-a716-446655440000}", "urn:uuid:550e8400-e29b-41d4-a716-446655440000",
        "urn:uuid:550E8400-e29b-41D4-a716-446655440000",
    ])
    func uuidForms(_ text: String) {
        #expect(PointUUID(text) == PointIDTests.uuid)
        #expect(PointID(pathComponent: text) == .uuid(PointIDTests.uuid))
        #expect(PointIDTests.uuid.description == "550e8400-e29b-41d4-a716-446655440000")
    }

    @Test(arguments: [
        "", "5", "550e8400-e29b-41d4-a716-44665544000", "550e8400-e29b-41d4-a716-4466554400000",
        "550e8400-e29b-41d4-a716-44665544000g", "550e8400_e29b_41d4_a716_446655440000", "550e8400e29b-41d4-a716-446655440000",
        "{550e8400-e29b-41d4-a716-446655440000", "{550e8400e29b41d4a716446655440000}", "550e8400-e29b41-d4a716-4466-55440000",
        " 550e8400-e29b-41d4-a716-446655440000", "urn:uuid:", "urn:uuid:550e8400e29b41d4a716446655440000ab12",
        "550e8400-e29b-41d4-a716-4466554400é0",
    ])
    func notUUIDs(_ text: String) {
        #expect(PointUUID(text) == nil)
    }

    @Test func uuidsRoundTripAndSortByBytes() {
        var random = SeededGenerator(seed: runSeed("uuids"))
        var uuids: [PointUUID] = []
        for _ in 0..<500 {
            let uuid = PointUUID(high: random.chance(30) ? 7 : random.next(), low: random.chance(30) ? .max : random.next())
            #expect(PointUUID(uuid.description) == uuid)
            #expect(UUID(uuidString: uuid.description)?.uuidString.lowercased() == uuid.description)
            uuids.append(uuid)
        }
        // Lower-case hexadecimal digits sort as the bytes do.
        #expect(uuids.sorted().map(\.description) == uuids.map(\.description).sorted())
    }

    @Test func numbersComeBeforeUUIDs() {
        let ids: [PointID] = [.uuid(PointUUID(high: 0, low: 0)), .number(.max), .number(0), .uuid(PointIDTests.uuid), .number(10)]
        #expect(ids.sorted().map(\.description) == [
            "0", "10", "18446744073709551615", "00000000-0000-0000-0000-000000000000", "550e8400-e29b-41d4-a716-446655440000",
        ])
    }

    @Test func pathComponents() {
        #expect(PointID(pathComponent: "0") == 0)
        #expect(PointID(pathComponent: "18446744073709551615") == .number(.max))
        for text in ["", "-1", "+1", "18446744073709551616", "1.0", "0x1", "١", " 1", "abc"] {
            #expect(PointID(pathComponent: text) == nil, "\(text)")
        }
    }

    @Test func codable() throws {
        let ids: [PointID] = [.number(.max), .number(0), .uuid(PointIDTests.uuid)]
        let data = try JSONEncoder().encode(ids)
        #expect(String(decoding: data, as: UTF8.self) == #"[18446744073709551615,0,"550e8400-e29b-41d4-a716-446655440000"]"#)
        #expect(try JSONDecoder().decode([PointID].self, from: data) == ids)
        for text in ["[-1]", "[1.5]", #"["1"]"#, #"["abc"]"#, "[null]", "[true]"] {
            #expect(throws: DecodingError.self) { try JSONDecoder().decode([PointID].self, from: Data(text.utf8)) }
        }
    }
}
