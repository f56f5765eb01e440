import NIOCore

/// Bytes that lie somewhere and are served as a file: with the fields and the conditions of RFC 9110, sections 13 and 14,
/// as Qdrant's web framework does it for files.
struct StoredContent: Sendable {
    /// What a client saves it as.
    var fileName: String
    var byteCount: Int
    /// Since 1970; nil: not known.
    var modifiedSeconds: Int?
    /// Another one whenever the bytes are others. Without quotes.
    var tag: String?
    /// Reads the bytes at an offset; fewer than there is room for, but none only at the end. Blocks.
    var read: @Sendable (_ offset: Int, _ target: UnsafeMutableRawBufferPointer) throws -> Int

    /// The bytes ended before their length.
    struct EndedEarly: Error {}

    private static let stepByteCount = 256 << 10

    func answer(_ asked: TransferFields) -> Answer {
        var answer = Answer(status: 200, body: [], contentType: .binary)
        answer.fields.append(("Content-Disposition", ContentDisposition.attachment(fileName)))
        if let modifiedSeconds { answer.fields.append(("Last-Modified", HTTPDate.text(modifiedSeconds))) }
        if let tag { answer.fields.append(("ETag", "\"\(tag)\"")) }
        answer.fields.append(("Accept-Ranges", "bytes"))
        if let status = refusal(asked) {
            answer.status = status
            return answer
        }
        var range = 0..<byteCount
        switch agrees(asked.ifRange) ? ByteRange(asked.range, byteCount: byteCount) : .whole {
        case .whole: break
        case .unsatisfiable:
            answer.status = 416
            answer.contentType = nil
            answer.fields.append(("Content-Range", "bytes */\(byteCount)"))
            return answer
        case .part(let part):
            range = part
            answer.status = 206
            answer.fields.append(("Content-Range", "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(byteCount)"))
        }
        answer.stream = body(range)
        return answer
    }

    private func body(_ range: Range<Int>) -> StreamedBody {
        let read = read
        return StreamedBody(byteCount: range.count) { sink in
            let step = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.stepByteCount, alignment: 4096)
            defer { step.deallocate() }
            var offset = range.lowerBound
            while offset < range.upperBound {
                let target = UnsafeMutableRawBufferPointer(rebasing: step.prefix(range.upperBound - offset))
                let count = try read(offset, target)
                guard count > 0, count <= target.count else { throw EndedEarly() }
                try sink.write(UnsafeRawBufferPointer(rebasing: step.prefix(count)))
                offset += count
            }
        }
    }

    /// The status that the conditions of the request ask for in place of the content.
    private func refusal(_ asked: TransferFields) -> Int? {
        if let list = asked.ifMatch {
            if !isIn(list, weakly: false) { return 412 }
        } else if let since = asked.ifUnmodifiedSince.flatMap(HTTPDate.seconds), let modifiedSeconds {
            if modifiedSeconds > since { return 412 }
        }
        if let list = asked.ifNoneMatch {
            if isIn(list, weakly: true) { return 304 }
        } else if let since = asked.ifModifiedSince.flatMap(HTTPDate.seconds), let modifiedSeconds {
            if modifiedSeconds <= since { return 304 }
        }
        return nil
    }

    /// Whether the tag is one of a list of tags. Tags hold no commas here, and no others matter.
    private func isIn(_ list: String, weakly: Bool) -> Bool {
        for part in list.split(separator: ",") {
            var text = part.drop { $0 == " " || $0 == "\t" }
            while let last = text.last, last == " " || last == "\t" { text.removeLast() }
            if text == "*" { return true }
            if weakly, text.hasPrefix("W/") { text = text.dropFirst(2) }
            if let tag, text == "\"\(tag)\"" { return true }
        }
        return false
    }

    /// Whether a range may be served to a client that holds a part of this (RFC 9110, section 13.1.5).
    private func agrees(_ ifRange: String?) -> Bool {
        guard let ifRange else { return true }
        if ifRange.hasPrefix("\"") { return tag.map { ifRange == "\"\($0)\"" } ?? false }
        return modifiedSeconds.map { ifRange == HTTPDate.text($0) } ?? false
    }
}

/// RFC 6266.
enum ContentDisposition {
    static func attachment(_ fileName: String) -> String {
        var plain = ""
        for scalar in fileName.unicodeScalars {
            switch scalar {
            case "\"", "\\": plain += "\\" + String(scalar)
            case _ where scalar.value < 0x20 || scalar.value == 0x7F: plain += "_"
            default: plain.unicodeScalars.append(scalar)
            }
        }
        let field = "attachment; filename=\"\(plain)\""
        guard fileName.utf8.contains(where: { $0 >= 0x80 }) else { return field }
        return field + "; filename*=UTF-8''" + PercentCoding.encode(fileName)
    }
}
