#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// `<file>.stamp` beside an LMDB file: what the file looked like after its last commit, so that an opening sees whether
/// it is as this program has left it, and need not read it.
///
/// Two places of 128 bytes, written in turns, of which the newer whole one counts. Little-endian:
///
/// | bytes | field |
/// |---|---|
/// | 0, u32 | `QVST` |
/// | 4, u32 | format, 1 |
/// | 8, u64 | number of this writing |
/// | 16, u32 | state: 0 at rest, 1 a transaction is under way, 2 a commit has failed |
/// | 20, u32 | 0 |
/// | 24, u64 | LMDB's number of the last commit |
/// | 32, u64 | inode; 40 size; 48 time of modification, 56 time of change, in nanoseconds since 1970 |
/// | 64, 16 bytes | the machine's boot id |
/// | 80, u32 | CRC-32C of the 80 bytes before |
///
/// It is written before a transaction's first page and after its commit, and never fsynced: it outlives the process, and
/// where the machine has lost it, or the last of it, the file is read once. A transaction under way means that the
/// process was killed: what it wrote is whole in the page cache, as long as the machine has not been started anew.
@safe
package struct EnvironmentStamp: Equatable, Sendable {
    package enum State: UInt32, Sendable {
        case atRest, underWay, failed
    }

    package enum Judgement: Equatable, Sendable {
        /// The file is as this program has left it.
        case fits
        /// It may not be, and has to be read.
        case differs(String)
        /// The newest commit in the file is older than the last one that was made: a meta page is damaged, or an older
        /// file was put in its place.
        case outdated(newest: UInt64, stamped: UInt64)
    }

    static let placeBytes = 128
    static let usedBytes = 84
    private static let magic: UInt32 = 0x5453_5651
    private static let format: UInt32 = 1

    var number: UInt64
    var state: State
    var transaction: UInt64
    var file: FileLook
    var bootID: BootID

    package static func path(of file: String) -> String { file + ".stamp" }

    /// Compares a file that nobody has open with its stamp.
    package static func judge(_ path: String) throws(LMDBError) -> Judgement {
        guard let newest = try EnvironmentCheck.newestTransaction(path: path) else { return .differs("its meta pages are damaged") }
        guard let stamp = try read(EnvironmentStamp.path(of: path)) else { return .differs("it has no stamp") }
        if newest < stamp.transaction { return .outdated(newest: newest, stamped: stamp.transaction) }
        let look = FileLook(path: path)
        switch stamp.state {
        case .atRest:
            if look != stamp.file { return .differs("something has written to it") }
            return newest == stamp.transaction ? .fits : .differs("its newest commit is another")
        case .underWay:
            if look?.inode != stamp.file.inode { return .differs("it is another file") }
            guard let boot = BootID.current, boot == stamp.bootID else {
                return .differs("the machine went down during a write")
            }
            return newest <= stamp.transaction + 1 ? .fits : .differs("its newest commit is another")
        case .failed:
            return .differs("a commit has failed")
        }
    }

    /// The newer of the two; nil where neither is whole.
    static func read(_ path: String) throws(LMDBError) -> EnvironmentStamp? {
        let file: PageFile
        do throws(LMDBError) {
            file = try PageFile(path: path)
        } catch .noSuchFile {
            return nil
        }
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: placeBytes, alignment: 8)
        defer { unsafe memory.deallocate() }
        guard let base = memory.baseAddress else { return nil }
        var newest: EnvironmentStamp?
        for place in 0..<2 {
            guard try unsafe file.read(placeBytes, at: place * placeBytes, into: base),
                let stamp = unsafe EnvironmentStamp(UnsafeRawPointer(base))
            else { continue }
            if newest.map({ $0.number < stamp.number }) ?? true { newest = stamp }
        }
        return newest
    }

    init(number: UInt64, state: State, transaction: UInt64, file: FileLook, bootID: BootID) {
        self.number = number
        self.state = state
        self.transaction = transaction
        self.file = file
        self.bootID = bootID
    }

    private init?(_ at: UnsafeRawPointer) {
        let checksum = unsafe CRC32C.of(UnsafeRawBufferPointer(start: at, count: EnvironmentStamp.usedBytes - 4))
        guard unsafe at.load(as: UInt32.self) == EnvironmentStamp.magic,
            unsafe at.load(fromByteOffset: 4, as: UInt32.self) == EnvironmentStamp.format,
            unsafe at.load(fromByteOffset: 80, as: UInt32.self) == checksum,
            let state = unsafe State(rawValue: at.load(fromByteOffset: 16, as: UInt32.self))
        else { return nil }
        unsafe self.init(
            number: at.load(fromByteOffset: 8, as: UInt64.self), state: state,
            transaction: at.load(fromByteOffset: 24, as: UInt64.self),
            file: FileLook(
                inode: at.load(fromByteOffset: 32, as: UInt64.self), byteCount: at.load(fromByteOffset: 40, as: UInt64.self),
                modified: at.load(fromByteOffset: 48, as: UInt64.self),
                changed: at.load(fromByteOffset: 56, as: UInt64.self)),
            bootID: BootID(
                high: at.load(fromByteOffset: 64, as: UInt64.self), low: at.load(fromByteOffset: 72, as: UInt64.self)))
    }

    func store(to at: UnsafeMutableRawPointer) {
        unsafe at.initializeMemory(as: UInt8.self, repeating: 0, count: EnvironmentStamp.placeBytes)
        unsafe at.storeBytes(of: EnvironmentStamp.magic, as: UInt32.self)
        unsafe at.storeBytes(of: EnvironmentStamp.format, toByteOffset: 4, as: UInt32.self)
        unsafe at.storeBytes(of: number, toByteOffset: 8, as: UInt64.self)
        unsafe at.storeBytes(of: state.rawValue, toByteOffset: 16, as: UInt32.self)
        unsafe at.storeBytes(of: transaction, toByteOffset: 24, as: UInt64.self)
        unsafe at.storeBytes(of: file.inode, toByteOffset: 32, as: UInt64.self)
        unsafe at.storeBytes(of: file.byteCount, toByteOffset: 40, as: UInt64.self)
        unsafe at.storeBytes(of: file.modified, toByteOffset: 48, as: UInt64.self)
        unsafe at.storeBytes(of: file.changed, toByteOffset: 56, as: UInt64.self)
        unsafe at.storeBytes(of: bootID.high, toByteOffset: 64, as: UInt64.self)
        unsafe at.storeBytes(of: bootID.low, toByteOffset: 72, as: UInt64.self)
        let checksum = unsafe CRC32C.of(UnsafeRawBufferPointer(start: at, count: EnvironmentStamp.usedBytes - 4))
        unsafe at.storeBytes(of: checksum, toByteOffset: 80, as: UInt32.self)
    }
}

/// What the file system says of a file.
struct FileLook: Equatable, Sendable {
    var inode: UInt64
    var byteCount: UInt64
    var modified: UInt64
    var changed: UInt64

    init(inode: UInt64, byteCount: UInt64, modified: UInt64, changed: UInt64) {
        self.inode = inode
        self.byteCount = byteCount
        self.modified = modified
        self.changed = changed
    }

    init?(path: String) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    init?(descriptor: Int32) {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }

    private init(_ status: stat) {
        inode = UInt64(truncatingIfNeeded: status.st_ino)
        byteCount = UInt64(truncatingIfNeeded: status.st_size)
        #if canImport(Glibc)
        modified = FileLook.nanoseconds(status.st_mtim)
        changed = FileLook.nanoseconds(status.st_ctim)
        #else
        modified = FileLook.nanoseconds(status.st_mtimespec)
        changed = FileLook.nanoseconds(status.st_ctimespec)
        #endif
    }

    private static func nanoseconds(_ time: timespec) -> UInt64 {
        UInt64(truncatingIfNeeded: time.tv_sec) &* 1_000_000_000 &+ UInt64(truncatingIfNeeded: time.tv_nsec)
    }
}

/// Which start of the machine this is.
struct BootID: Equatable, Sendable {
    var high: UInt64
    var low: UInt64

    static let none = BootID(high: 0, low: 0)

    /// Nil where the system does not say.
    static let current: BootID? = {
        #if canImport(Glibc)
        let descriptor = unsafe open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { _ = closeStamp(descriptor) }
        var text = [UInt8](repeating: 0, count: 64)
        let count = unsafe text.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else { return nil }
        let digits = text[..<count].filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: "\n") }
        guard digits.count == 32, let high = UInt64(String(decoding: digits[..<16], as: UTF8.self), radix: 16),
            let low = UInt64(String(decoding: digits[16...], as: UTF8.self), radix: 16)
        else { return nil }
        return BootID(high: high, low: low)
        #else
        return nil
        #endif
    }()
}

private func closeStamp(_ descriptor: Int32) -> Int32 { close(descriptor) }

/// Keeps the stamp of one open environment. Used by the thread that has the write transaction, and at opening.
///
/// What goes wrong with a stamp is not told: without it the file is read at the next opening.
@safe
final class StampWriter {
    private let descriptor: Int32
    private let memory: UnsafeMutableRawPointer
    private var number: UInt64
    private var hasFailed = false

    init?(path: String) {
        number = (try? EnvironmentStamp.read(path))?.number ?? 0
        descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        if descriptor < 0 { return nil }
        unsafe memory = .allocate(byteCount: EnvironmentStamp.placeBytes, alignment: 8)
    }

    deinit {
        _ = closeStamp(descriptor)
        unsafe memory.deallocate()
    }

    /// - Parameters:
    ///   - transaction: the last commit's number.
    ///   - data: a descriptor of the file that is stamped.
    func note(_ state: EnvironmentStamp.State, transaction: UInt64, data: Int32) {
        if hasFailed { return }
        if state == .failed { hasFailed = true }
        guard let look = FileLook(descriptor: data) else { return }
        number += 1
        let stamp = EnvironmentStamp(
            number: number, state: state, transaction: transaction, file: look, bootID: BootID.current ?? .none)
        unsafe stamp.store(to: memory)
        let place = off_t(number % 2) * off_t(EnvironmentStamp.placeBytes)
        _ = unsafe pwrite(descriptor, memory, EnvironmentStamp.placeBytes, place)
    }
}
