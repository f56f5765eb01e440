import Glibc

/// Compares segment files with what the manifest says of them. Everything is read by `pread`: a file that may be damaged
/// is not mapped, and LMDB does not see it.
enum SegmentInspection {
    enum Finding: Equatable {
        /// The file was not read, because nobody has touched it since it was last compared.
        case untouched
        /// Every byte is as it was written.
        case whole(FileStamp?)
        /// What cannot be made anew is whole, these parts are not: chunks, or "structure" for what lies between them.
        case derivedDamage([String])
        /// With the reason.
        case primaryDamage(String)
    }

    /// - Parameters:
    ///   - stamp: of the file when it was last compared; nil: compare it.
    ///   - isDirect: what the disk holds, not what is cached.
    ///   - progress: called with the bytes of each part of the whole file; what it throws ends the inspection.
    /// - Throws: when the file is there and may not be opened, or there is no memory or descriptor.
    static func inspect(
        _ path: String, _ entry: SegmentEntry, stamp: FileStamp? = nil, isDirect: Bool = false,
        progress: (Int) throws(FileError) -> Void = { _ throws(FileError) in }
    ) throws(FileError) -> Finding {
        if let stamp, stamp == FileStamp(path: path) { return .untouched }
        guard Files.exists(path) else { return .primaryDamage("is missing or empty") }
        return try inspect(try DataFile(path, isDirect: isDirect), entry, progress)
    }

    static func inspect(
        _ file: borrowing DataFile, _ entry: SegmentEntry,
        _ progress: (Int) throws(FileError) -> Void = { _ throws(FileError) in }
    ) throws(FileError) -> Finding {
        if file.byteCount == 0 { return .primaryDamage("is missing or empty") }
        // Before it is read: of what is written to it meanwhile the stamp tells.
        let before = file.stamp
        if file.byteCount == entry.byteCount, try digest(file, 0..<file.byteCount, progress) == entry.sha256 {
            return .whole(before)
        }
        let finding = try classify(file, entry)
        // Every chunk is whole: if the disk only failed once, so is what lies between them.
        if finding == .derivedDamage(["structure"]), file.byteCount == entry.byteCount,
            try digest(file, 0..<file.byteCount) == entry.sha256
        {
            return .whole(before)
        }
        return finding
    }

    /// Of a file that is not as it was written: which of its chunks are.
    private static func classify(_ file: borrowing DataFile, _ entry: SegmentEntry) throws(FileError) -> Finding {
        var damaged: [String] = []
        var lost: [String] = []
        for chunk in entry.chunks {
            let range = chunk.offset..<chunk.offset + chunk.byteCount
            if try digest(file, range) == chunk.sha256 { continue }
            damaged.append(chunk.name)
            if SegmentChunk(rawValue: chunk.name)?.isPrimary ?? true { lost.append(chunk.name) }
        }
        if lost.isEmpty { return .derivedDamage(damaged.isEmpty ? ["structure"] : damaged) }
        if file.byteCount < entry.byteCount {
            return .primaryDamage("has \(file.byteCount) bytes of \(entry.byteCount)")
        }
        return .primaryDamage("\(lost.joined(separator: ", ")) does not fit its checksum")
    }

    /// Nil where the disk cannot give the bytes, or the file ends before them.
    private static func digest(
        _ file: borrowing DataFile, _ range: Range<Int>,
        _ progress: (Int) throws(FileError) -> Void = { _ throws(FileError) in }
    ) throws(FileError) -> [UInt8]? {
        do throws(FileError) {
            return try file.sha256(range, progress: progress)
        } catch {
            if error.code == EIO { return nil }
            throw error
        }
    }
}

extension SegmentChunk {
    /// What users gave, and which point has it; the other chunks can be made anew from these.
    var isPrimary: Bool {
        switch self {
        case .slots, .rowOffsets, .vectors, .sparseOffsets, .sparseIndices: true
        default: false
        }
    }
}

extension SealedSegment {
    /// Compares the file that is mapped with the manifest's entry.
    ///
    /// - Parameters: as `SegmentInspection.inspect` has them.
    func inspect(
        isDirect: Bool = false, progress: (Int) throws(FileError) -> Void = { _ throws(FileError) in }
    ) throws(FileError) -> SegmentInspection.Finding {
        let isInPlace = mappedFile.stamp?.inode == FileStamp(path: path)?.inode
        if isInPlace {
            return try SegmentInspection.inspect(try DataFile(path, isDirect: isDirect), entry, progress)
        }
        // It was removed or replaced; whoever has it open still has all of it.
        let file = try DataFile(descriptor: mappedFile.duplicateDescriptor(), path)
        let finding = try SegmentInspection.inspect(file, entry, progress)
        if case .whole = finding { return .derivedDamage(["name"]) }
        return finding
    }
}
