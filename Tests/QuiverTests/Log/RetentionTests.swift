import Quiver
import QuiverTestKit
import Testing

@testable import Quiver

struct RetentionTests {
    private func firstLogged(_ test: TestCollection) throws -> UInt64 {
        try test.database.cut(of: ["c"]).collections[0].firstLoggedSequence
    }

    private func identity(_ test: TestCollection) throws -> String {
        try test.database.cut(of: ["c"]).collections[0].identity
    }

    @Test func sealedRecordsGoWithoutMark() async throws {
        let test = try await TestCollection()
        for number in 0..<10 { try await test.upsert([number]) }
        #expect(try firstLogged(test) == 1)
        try await test.collection.seal()
        #expect(try firstLogged(test) == 11 && test.logRecords() == 0)
        #expect(try test.database.keepsLogs == false)
        test.close()
    }

    @Test func recordsBehindTheMarkStay() async throws {
        let test = try await TestCollection()
        for number in 0..<10 { try await test.upsert([number]) }
        let identity = try identity(test)
        try test.database.setLogMark(of: identity, 4)
        #expect(try test.database.keepsLogs)
        #expect(try firstLogged(test) == 1)
        try await test.collection.seal()
        #expect(try firstLogged(test) == 5 && test.logRecords() == 6)
        // Opening reads behind what is sealed, whatever else is there.
        try test.reopen()
        #expect(try firstLogged(test) == 5 && test.collection.core.view.load().vectors[0].growing.allSatisfy { $0.count == 0 })
        #expect(try await test.hasExactly(0..<10))
        for number in 10..<15 { try await test.upsert([number]) }
        try await test.collection.seal()
        #expect(try firstLogged(test) == 5)
        try test.database.setLogMark(of: identity, 12)
        #expect(try firstLogged(test) == 13)
        // What is not sealed stays in any case.
        try await test.upsert([15])
        try test.database.setLogMark(of: identity, 1000)
        #expect(try firstLogged(test) == 16 && test.logRecords() == 1)
        try await test.upsert([16])
        try await test.collection.seal()
        #expect(try firstLogged(test) == 17)
        try test.database.setLogMark(of: identity, nil)
        #expect(try firstLogged(test) == 18 && test.logRecords() == 0)
        #expect(await kind { try test.database.setLogMark(of: "nothing", 1) } == .notFound)
        #expect(try await test.hasExactly(0..<17))
        test.close()
    }

    @Test func keepingBeginsAndEnds() async throws {
        let test = try await TestCollection()
        for number in 0..<4 { try await test.upsert([number]) }
        try test.database.keepLogs(true)
        try test.database.keepLogs(true)
        try await test.upsert([4])
        try await test.collection.seal()
        // Of those that were there, what came since.
        #expect(try firstLogged(test) == 5)
        // Of new ones, everything.
        try await test.database.createCollection("new", TestCollection.config())
        let new = try test.database.collection("new")
        for number in 0..<6 { try await new.update([.upsert(PointBatch([try TestCollection.point(number)]))]) }
        try await new.seal()
        #expect(try new.logRecordCount() == 6)
        try test.reopen()
        #expect(try test.database.keepsLogs && test.database.collection("new").logRecordCount() == 6)
        try test.database.keepLogs(false)
        #expect(try firstLogged(test) == 6)
        #expect(try test.database.collection("new").logRecordCount() == 0)
        #expect(try !test.database.keepsLogs)
        test.close()
    }

    @Test func tooManyRecordsEndTheMark() async throws {
        var options = Database.Options()
        options.keptLogBytes = 256 << 10
        let test = try await TestCollection(options: options)
        try test.database.keepLogs(true)
        let text = String(repeating: "x", count: 8 << 10)
        for number in 0..<20 { try await test.upsert([number], payload: #"{"text":"\#(text)"}"#) }
        try await test.collection.seal()
        #expect(try firstLogged(test) == 1)
        // A mark that moves makes room.
        try test.database.setLogMark(of: try identity(test), 15)
        for number in 20..<35 { try await test.upsert([number], payload: #"{"text":"\#(text)"}"#) }
        try await test.collection.seal()
        #expect(try firstLogged(test) == 16)
        for number in 35..<60 { try await test.upsert([number], payload: #"{"text":"\#(text)"}"#) }
        try await test.collection.seal()
        #expect(try firstLogged(test) == 61 && test.logRecords() == 0)
        try await test.upsert([60], payload: "{}")
        try await test.collection.seal()
        #expect(try firstLogged(test) == 62)
        test.close()
    }

    @Test func collectionsWithoutVectorsKeepTheirLog() async throws {
        var options = Database.Options()
        options.growingBytes = 4096
        let test = try await TestCollection(CollectionConfig(), options: options)
        try test.database.keepLogs(true)
        let payload = try Payload(json: #"{"text":"\#(String(repeating: "x", count: 1000))"}"#)
        for number in 0..<60 {
            try await test.collection.update([
                .upsert(PointBatch([Point(id: .number(UInt64(number)), vectors: .none, payload: payload)]))
            ])
        }
        #expect(try firstLogged(test) == 1 && test.logRecords() == 60)
        try test.database.setLogMark(of: try identity(test), 30)
        #expect(try firstLogged(test) == 31)
        test.close()
    }

    @Test func droppingTheLastVectorNameKeepsTheLog() async throws {
        let test = try await TestCollection()
        try test.database.keepLogs(true)
        try await test.upsert(0..<5)
        try await test.collection.dropVectorName("")
        #expect(try firstLogged(test) == 1 && test.logRecords() == 2)
        try test.reopen()
        #expect(try firstLogged(test) == 1 && test.collection.lastSequence == 2)
        test.close()
    }

    // MARK: The journal of the catalogue

    @Test func journalTellsWhatThereWas() async throws {
        let test = try await TestCollection()
        let first = try identity(test)
        // Nothing is written down before somebody wants it.
        try await test.database.updateAliases([.create(alias: "early", collection: "c")])
        try test.database.keepLogs(true)
        #expect(try test.database.cut(of: nil).journalEntries(after: 0).isEmpty)
        try await test.database.createCollection("d", CollectionConfig(size: 3, distance: .dot))
        let cut = try test.database.cut(of: nil)
        try await test.database.updateAliases([.create(alias: "late", collection: "d")])
        var patch = CollectionPatch()
        patch.metadata = #"{"a":1}"#
        try await test.database.updateCollection("d", patch)
        #expect(try await test.database.deleteCollection("d"))
        #expect(try await test.database.deleteCollection("c"))
        // A cut sees what was there when it was made.
        #expect(try cut.journalNumber == 1 && cut.journalEntries(after: 0).count == 1)
        let time = cut.time
        try test.reopenStorage()
        try await test.database.createCollection("c", CollectionConfig(size: 4, distance: .cosine))

        let entries = try test.database.cut(of: nil).journalEntries(after: 0)
        #expect(entries.map(\.number) == [1, 2, 3, 4, 5])
        #expect(entries.map(\.change) == [.made, .aliases, .deleted, .deleted, .made])
        #expect(entries.map(\.collection) == ["d", nil, "d", "c", "c"])
        #expect(entries[0].config?.vectors?.byName[""]?.size == 3)
        #expect(entries[1].aliases?.map(\.alias) == ["early", "late"])
        #expect(entries[2].identity == entries[0].identity && entries[3].identity == first)
        #expect(entries[4].identity != first)
        #expect(zip(entries, entries.dropFirst()).allSatisfy { $0.time <= $1.time })
        #expect(time >= entries[0].time && time <= entries[1].time)
        try test.database.trimJournal(through: 3)
        #expect(try test.database.cut(of: nil).journalEntries(after: 0).map(\.number) == [4, 5])
        #expect(try test.database.cut(of: nil).journalEntries(after: 4).map(\.number) == [5])
        // Numbers go on, so that a gap is noticed.
        try test.database.keepLogs(false)
        try test.database.keepLogs(true)
        #expect(try await test.database.deleteCollection("c"))
        #expect(try test.database.cut(of: nil).journalEntries(after: 0).map(\.number) == [6])
        test.close()
    }
}
