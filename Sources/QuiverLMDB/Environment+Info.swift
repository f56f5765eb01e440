import CLMDB
#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif
#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

extension Environment {
    /// What LMDB tells about the file at one moment.
    package struct Info: Sendable, Equatable {
        package var mapSizeBytes: Int
        package var pageSizeBytes: Int
        /// The part of the file that was ever used: the last page number plus one, in bytes. It does not shrink.
        package var usedBytes: Int
        package var lastTransactionID: Int
        package var maxReaders: Int
        /// The highest number of reader slots that were in use at once.
        package var usedReaderSlots: Int
    }

    package func info() throws(LMDBError) -> Info {
        try gate.enter()
        defer { gate.leave() }
        var info = unsafe MDB_envinfo()
        var stat = MDB_stat()
        try unsafe LMDBError.check(mdb_env_info(environment, &info))
        try unsafe LMDBError.check(mdb_env_stat(environment, &stat))
        let pageSizeBytes = Int(stat.ms_psize)
        return unsafe Info(
            mapSizeBytes: info.me_mapsize, pageSizeBytes: pageSizeBytes,
            usedBytes: (info.me_last_pgno + 1) * pageSizeBytes, lastTransactionID: info.me_last_txnid,
            maxReaders: Int(info.me_maxreaders), usedReaderSlots: Int(info.me_numreaders))
    }

    /// The pages that later transactions may use again, once no reader needs them. Reads the whole free list.
    package func freePageCount() throws(LMDBError) -> Int {
        let transaction = try beginRead()
        // Database 0 is LMDB's free list: transaction id → page count, page numbers.
        var cursor = try transaction.openCursor(Database(identifier: 0, flags: .integerKey))
        var count = 0
        var entry = try unsafe cursor.first()
        while let found = unsafe entry {
            guard unsafe found.value.count >= MemoryLayout<Int>.size else { throw .corrupted }
            count += unsafe found.value.loadUnaligned(as: Int.self)
            unsafe entry = try cursor.next()
        }
        return count
    }

    /// Frees the reader slots of processes that died; returns how many there were.
    package func staleReaderCheck() throws(LMDBError) -> Int {
        try gate.enter()
        defer { gate.leave() }
        var deadCount: Int32 = 0
        try unsafe LMDBError.check(mdb_reader_check(environment, &deadCount))
        return Int(deadCount)
    }

    /// Writes a consistent copy of the last committed state to `descriptor`, which needs no seeking (a file, a pipe
    /// or a socket), while readers and the writer go on. `compacting` leaves free pages out and numbers the rest
    /// anew: slower and smaller. The copy is not fsynced.
    ///
    /// For as long as it runs it is a reader: pages freed meanwhile are not used again, so the file grows.
    package func copyOut(toFileDescriptor descriptor: Int32, compacting: Bool = false) throws(LMDBError) {
        gate.preconditionNotWriter()
        try gate.enter()
        defer { gate.leave() }
        try unsafe LMDBError.check(
            mdb_env_copyfd2(environment, descriptor, compacting ? UInt32(MDB_CP_COMPACT) : 0), path: path)
    }

    /// Makes the map larger; a size that is not larger changes nothing.
    ///
    /// New transactions wait while this waits for the live ones of this process to end, because growing remaps the
    /// file: every pointer a transaction has given out would dangle. So the calling thread must hold none itself.
    /// - Throws: `.busy` when transactions are still live after `timeoutMs`, `.mapFull` when there is no address space;
    ///   nothing has changed then.
    package func growMap(to mapSizeBytes: Int, timeoutMs: Int = 10_000) throws(LMDBError) {
        gate.preconditionNotWriter()
        let current = try info()
        guard mapSizeBytes > current.mapSizeBytes else { return }
        let pages = mapSizeBytes.addingReportingOverflow(current.pageSizeBytes - 1)
        if pages.overflow { throw .other(code: EINVAL) }
        try gate.holdExclusively(timeoutMs: timeoutMs)
        var isUsable = true
        defer { gate.releaseExclusively(closing: !isUsable) }
        let rounded = pages.partialValue / current.pageSizeBytes * current.pageSizeBytes
        // LMDB gives the old map up before it asks for the new one, and cannot go on without any.
        try Self.checkAddressSpace(rounded)
        let code = unsafe mdb_env_set_mapsize(environment, rounded)
        if code != MDB_SUCCESS {
            isUsable = reopenHeld(mapSizeBytes: current.mapSizeBytes)
            throw .from(code: code, path: path)
        }
    }

    /// - Throws: `.mapFull` when the process may not have so much address space.
    private static func checkAddressSpace(_ byteCount: Int) throws(LMDBError) {
        let probe = unsafe mmap(nil, byteCount, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let probe = unsafe probe, unsafe probe != MAP_FAILED else { throw .mapFull }
        unsafe munmap(probe, byteCount)
    }
}
