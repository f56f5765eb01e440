import Glibc

import QuiverArchive
import QuiverIndex
import QuiverLMDB
import QuiverModel
import QuiverPayload


/// The lower floors' closed errors as the one error of the public face.
extension QuiverError {
    init(_ error: LMDBError) {
        switch error {
        case .mapFull:
            self.init(
                .insufficientStorage, "the collection's map is full; reads go on, deleting collections or points makes room")
        case .diskFull:
            self.init(.insufficientStorage, "no space left on the device; nothing was written, and reads go on")
        case .busy:
            self.init(.overloaded(retryAfterSeconds: 1), "the collection's map is to grow, and waits for long reads to end")
        case .readersFull:
            self.init(.overloaded(retryAfterSeconds: 1), "too many read transactions are open at once")
        case .transactionFull:
            self.init(.badRequest, "the update changes too much at once; nothing was written, smaller ones are fine")
        case .corrupted, .versionMismatch, .invalidFile:
            self.init(.corrupted, "\(error)")
        case .closed:
            self.init(.closed, "the collection is closed")
        default:
            self.init(.service, "\(error)")
        }
    }

    /// Any error that the engine's inside throws.
    init(wrapping error: any Error) {
        switch error {
        case let error as QuiverError: self = error
        case let error as LMDBError: self.init(error)
        case let error as PayloadError: self.init(error)
        case let error as FileError: self.init(error)
        case let error as Catalog.OtherVersion: self = error.reason
        case let error as ArchiveError: self.init(.corrupted, "\(error)")
        case is ByteReader.Malformed: self.init(.corrupted, "a stored record is damaged")
        default: self.init(.service, "\(error)")
        }
    }

    init(_ error: PayloadError) {
        switch error {
        case .storage(let error): self.init(error)
        case .json, .notAnObject, .indexCannotFacet: self.init(.badInput, "\(error)")
        case .indexCannotOrder, .indexNotReady: self.init(.badRequest, "\(error)")
        case .corrupted: self.init(.corrupted, "\(error)")
        case .timeout: self.init(.timeout, "\(error)")
        }
    }

    init(_ error: FileError) {
        let kind: Kind = error.code == ENOSPC || error.code == EDQUOT ? .insufficientStorage : .service
        let reason = unsafe strerror(error.code).map { unsafe String(cString: $0) } ?? "error \(error.code)"
        self.init(kind, "cannot \(error.operation) \(error.path): \(reason)")
    }
}

/// Runs a body of the LMDB floor and maps its error.
@inline(__always)
func mapping<Value: ~Copyable>(_ body: () throws(LMDBError) -> Value) throws(QuiverError) -> Value {
    do throws(LMDBError) {
        return try body()
    } catch {
        throw QuiverError(error)
    }
}

extension WriteTransaction {
    /// Commits; the number of the commit that readers see from now on.
    @discardableResult
    consuming func finish() throws(QuiverError) -> Int {
        do throws(LMDBError) {
            return try commit()
        } catch {
            throw QuiverError(error)
        }
    }
}
