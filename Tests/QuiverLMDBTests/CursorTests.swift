import QuiverLMDB
import Testing

@Suite struct CursorTests {
    let scratch: Scratch
    let environment: Environment

    init() throws {
        scratch = try Scratch()
        environment = try Environment(path: scratch.path("a.mdb"), options: .init(mapSizeBytes: 1 << 26))
    }

    private func words(_ entry: Cursor.Entry?) -> String? {
        entry.map { String(decoding: $0.key, as: UTF8.self) + "=" + String(decoding: $0.value, as: UTF8.self) }
    }

    private func text(_ bytes: UnsafeRawBufferPointer?) -> String? { bytes.map { String(decoding: $0, as: UTF8.self) } }

    @Test func movesFollowTheOrderOfKeysAndValues() throws {
        let table = try environment.openDatabase("t", flags: .dupSort, creating: true)
        var write = try environment.beginWrite()
        for (name, values) in [("b", ["1", "3", "5"]), ("d", ["2"]), ("f", ["7", "8"])] {
            for value in values.reversed() { try write.put(table, name, value) }
        }
        #expect(try !write.put(table, "b", "3", .noDuplicate))
        try write.commit()

        let read = try environment.beginRead()
        var cursor = try read.openCursor(table)
        #expect(words(try cursor.first()) == "b=1")
        #expect(words(try cursor.next()) == "b=3")
        #expect(words(try cursor.nextKey()) == "d=2")
        #expect(try cursor.duplicateCount() == 1)
        #expect(text(try cursor.firstDuplicate()) == "2")
        #expect(words(try cursor.nextDuplicate()) == nil)
        #expect(words(try cursor.nextKey()) == "f=7")
        #expect(words(try cursor.nextKey()) == nil)
        #expect(words(try cursor.last()) == "f=8")
        #expect(text(try cursor.firstDuplicate()) == "7")
        #expect(words(try cursor.previousKey()) == "d=2")
        #expect(words(try cursor.previous()) == "b=5")
        #expect(words(try cursor.current()) == "b=5")
        #expect(try cursor.duplicateCount() == 3)
        #expect(words(try cursor.firstNotBelow("c")) == "d=2")
        #expect(words(try cursor.firstNotBelow("g")) == nil)
        #expect(try cursor.moveTo("d"))
        #expect(try !cursor.moveTo("c"))
        #expect(try cursor.moveTo("b", value: "3"))
        #expect(try !cursor.moveTo("b", value: "4"))
        #expect(try cursor.moveTo("d", value: "2"))
        #expect(text(try cursor.firstValue(of: "b", notBelow: "4")) == "5")
        #expect(text(try cursor.firstValue(of: "b", notBelow: "6")) == nil)
        #expect(text(try cursor.value(of: "f")) == "7")
    }

    @Test func entriesAreDeletedInPassing() throws {
        let table = try environment.openDatabase("t", creating: true)
        let write = try environment.beginWrite()
        do {
            var cursor = try write.openCursor(table)
            for number in UInt32(0)..<1000 { try cursor.put(key(number), [1], .append) }
            var entry = try cursor.first()
            while let found = entry {
                if found.key.loadUnaligned(as: UInt32.self).byteSwapped % 2 == 0 { try cursor.deleteCurrent() }
                entry = try cursor.next()
            }
            cursor.close()
        }
        #expect(try write.entryCount(table) == 500)
        #expect(try write.contains(table, key(1)))
        #expect(try !write.contains(table, key(2)))
        try write.commit()
    }
}
