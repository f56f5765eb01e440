import QuiverModel
import Testing

@testable import QuiverBackup

@Suite struct RetentionTests {
    /// One backup every six hours, for 120 days.
    static let times: [Timestamp] = (0..<480).map {
        Timestamp(microsecondsSinceEpoch: 1_767_225_600_000_000 + Int64($0) * 21_600_000_000)  // 2026-01-01
    }

    static func kept(_ change: (inout BackupRetention) -> Void) -> [String] {
        var retention = BackupRetention()
        change(&retention)
        let now = times[times.count - 1]
        return zip(times, retention.kept(times, now: now)).filter(\.1).map { String($0.0.text.prefix(16)) }
    }

    @Test func keepsTheNewest() {
        #expect(Self.kept { $0.last = 2 } == ["2026-04-30T12:00", "2026-04-30T18:00"])
    }

    @Test func keepsTheNewestOfEachDay() {
        #expect(Self.kept { $0.daily = 3 } == ["2026-04-28T18:00", "2026-04-29T18:00", "2026-04-30T18:00"])
    }

    @Test func keepsTheNewestOfEachWeekAndMonth() {
        // 2026-04-30 is a Thursday; weeks end on Sundays.
        #expect(Self.kept { $0.weekly = 3 } == ["2026-04-19T18:00", "2026-04-26T18:00", "2026-04-30T18:00"])
        #expect(Self.kept { $0.monthly = 12 } == [
            "2026-01-31T18:00", "2026-02-28T18:00", "2026-03-31T18:00", "2026-04-30T18:00",
        ])
    }

    @Test func keepsWhatAnyRuleKeeps() {
        #expect(Self.kept { $0.withinSeconds = 86_400 }.count == 5)
        #expect(Self.kept { $0.last = 1; $0.monthly = 2 } == ["2026-03-31T18:00", "2026-04-30T18:00"])
        #expect(Self.kept { $0.daily = 0; $0.last = 1 } == ["2026-04-30T18:00"])
    }

    @Test func writesTimesAsTheyAreRead() {
        for text in ["2026-11-21T17:25:12.123456Z", "2000-02-29T23:59:59.000000Z", "1970-01-01T00:00:00.000001Z"] {
            #expect(Timestamp(text)?.text == text)
        }
        #expect(Timestamp("2026-11-21T17:25:12Z")?.compactText == "20261121T172512Z")
        #expect(HTTPDate.read("Fri, 24 May 2013 00:00:00 GMT") == Timestamp("2013-05-24T00:00:00Z"))
        #expect(BackupID.isOne(BackupID.make(.now())))
        #expect(BackupID.isOne("20261121T172512.000001Z-0123abcd"))
        #expect(!BackupID.isOne("20261121T172512.000001Z-0123abcx"))
        #expect(!BackupID.isOne("../../../../../../etc/passwd0000"))
        let times = (0..<200).map { Timestamp(microsecondsSinceEpoch: 1_800_000_000_999_900 + Int64($0)) }
        let ids = times.map { BackupID.make($0) }
        #expect(ids == ids.sorted())
    }
}
