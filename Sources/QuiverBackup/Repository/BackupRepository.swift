import Synchronization

import QuiverModel

/// Backups in an `ObjectStore`.
///
///     quiver-backup.json     what the repository is: format, id, whether and how it is encrypted (`SealedText`)
///     objects/<xx>/<name>    contents (`ObjectEnvelope`): parts of records, segments and logs, lists of parts, bases.
///                            The name is SHA-256 of the content, in an encrypted repository HMAC of that; <xx> its
///                            first two digits
///     backups/<id>           a manifest: `SealedText`, in an encrypted repository `ObjectEnvelope`
///     damaged/<key>          what was set aside, by the key it had
///     locks/<id>             who works here (`RepositoryLock`)
///
/// A backup is there when its manifest is, which is written last. Objects are never changed; `prune` alone removes them.
package final class BackupRepository: Sendable {
    struct Description: Codable {
        struct Encryption: Codable {
            var cipher: String
            /// HMAC of the id, by a key derived from the repository's.
            var check: String
        }

        var format: Int
        var id: String
        var created: String
        var encryption: Encryption?
    }

    static let format = 1
    static let cipher = "AES-256-GCM"
    static let descriptionKey = "quiver-backup.json"
    static let backupsPrefix = "backups/"
    static let objectsPrefix = "objects/"
    static let damagedPrefix = "damaged/"

    package let store: any ObjectStore
    package let id: String
    let secrets: RepositorySecrets?

    package var isEncrypted: Bool { secrets != nil }

    /// Opens a repository.
    ///
    /// - Parameter creating: it is made where there is none, encrypted if there is a key.
    package init(_ store: any ObjectStore, key: RepositoryKey?, creating: Bool = false) throws(BackupError) {
        self.store = store
        do {
            var bytes: [UInt8]?
            do throws(ObjectStoreError) {
                bytes = try store.bytes(of: Self.descriptionKey, limitBytes: 1 << 16)
            } catch {
                guard case .notFound = error else { throw error }
            }
            if bytes == nil {
                guard creating else { throw BackupError.request("there are no backups in \(store.place)") }
                guard try store.list(prefix: Self.backupsPrefix).isEmpty else {
                    throw BackupError.damaged(["\(Self.descriptionKey): it is lost, and there are backups"])
                }
                try store.put(Self.descriptionKey, try Self.made(key))
                // Whoever was a moment later has written it last.
                bytes = try store.bytes(of: Self.descriptionKey, limitBytes: 1 << 16)
            }
            let json = bytes.flatMap(SealedText.open)
            try json.map { try Self.checkFormat($0, store.place, Self.format) }
            guard let json, let description = try? BackupJSON.decode(Description.self, json),
                let idBytes = Digest.bytes(hex: description.id)
            else { throw BackupError.damaged(["\(Self.descriptionKey): it is not what was written"]) }
            id = description.id
            secrets = try Self.secrets(description, idBytes, key, store.place)
        } catch {
            throw BackupError(wrapping: error)
        }
    }

    /// Before the rest is read, which another version may have written otherwise.
    private static func checkFormat(_ json: [UInt8], _ what: String, _ known: Int) throws(BackupError) {
        struct Version: Decodable { var format: Int }
        guard let found = try? BackupJSON.decode(Version.self, json).format, found != known else { return }
        throw .request("\(what) has format \(found); this version reads format \(known)")
    }

    private static func made(_ key: RepositoryKey?) throws -> [UInt8] {
        let id = ChunkCipher.randomBytes(16)
        let encryption = key.map {
            Description.Encryption(cipher: cipher, check: RepositorySecrets($0, repository: id).check)
        }
        let description = Description(
            format: format, id: Digest.hex(id), created: Timestamp.now().text, encryption: encryption)
        return SealedText.seal(try BackupJSON.encode(description))
    }

    private static func secrets(
        _ description: Description, _ id: [UInt8], _ key: RepositoryKey?, _ place: String
    ) throws(BackupError) -> RepositorySecrets? {
        guard let encryption = description.encryption else {
            if key != nil { throw .key("\(place) is not encrypted, but a key was given") }
            return nil
        }
        guard encryption.cipher == cipher else {
            throw .request("\(place) is encrypted by \(encryption.cipher), which this version does not know")
        }
        guard let key else { throw .key("\(place) is encrypted: its key is needed") }
        let secrets = RepositorySecrets(key, repository: id)
        guard secrets.check == encryption.check else { throw .key("the key is not that of \(place)") }
        return secrets
    }

    // MARK: Objects

    static func objectKey(_ name: String) -> String { objectsPrefix + name.prefix(2) + "/" + name }

    /// The name of an object with this content.
    func name(of content: UnsafeRawBufferPointer) -> String {
        let digest = Digest.sha256(content)
        return Digest.hex(secrets.map { Digest.hmac(key: $0.names, digest) } ?? digest)
    }

    /// Writes an object. Returns its bytes in the store.
    func put(_ content: UnsafeRawBufferPointer, as name: String) throws(BackupError) -> Int {
        do {
            let key = Self.objectKey(name)
            let bytes = try ObjectEnvelope.pack(content, name: key, key: secrets?.contents)
            try store.put(key, bytes)
            return bytes.count
        } catch {
            throw BackupError(wrapping: error)
        }
    }

    /// The content of an object, which is what was written, or an error that names it.
    func content(of name: String) throws(BackupError) -> [UInt8] {
        let key = Self.objectKey(name)
        let bytes: [UInt8]
        do throws(ObjectStoreError) {
            bytes = try store.bytes(of: key, limitBytes: ObjectEnvelope.mostBytes * 2)
        } catch {
            if case .notFound = error { throw .damaged(["\(key): it is missing"]) }
            throw .store(error)
        }
        guard let content = try? ObjectEnvelope.unpack(bytes, name: key, key: secrets?.contents),
            content.withUnsafeBytes({ self.name(of: $0) }) == name
        else { throw .damaged(["\(key): it is not what was written"]) }
        return content
    }

    func partList(_ name: String) throws(BackupError) -> PartList {
        guard let list = PartList(encoded: try content(of: name)) else {
            throw .damaged(["\(Self.objectKey(name)): it is no list of parts"])
        }
        return list
    }

    func base(_ name: String) throws(BackupError) -> BackupBase {
        let content = try content(of: name)
        let base: BackupBase
        do { base = try BackupJSON.decode(BackupBase.self, content) } catch {
            throw .damaged(["\(Self.objectKey(name)): it describes no collection: \(error)"])
        }
        guard base.isInBounds else { throw .damaged(["\(Self.objectKey(name)): its numbers are out of bounds"]) }
        return base
    }

    /// The names of all objects.
    func objectNames() throws(BackupError) -> [String: ObjectInfo] {
        do {
            var names: [String: ObjectInfo] = [:]
            for info in try store.list(prefix: Self.objectsPrefix) {
                if let slash = info.key.lastIndex(of: "/") { names[String(info.key[info.key.index(after: slash)...])] = info }
            }
            return names
        } catch {
            throw BackupError(wrapping: error)
        }
    }

    // MARK: What is damaged

    /// Takes something damaged out of the way, so that it counts as missing and can be written anew.
    func setAside(_ key: String) throws(ObjectStoreError) {
        try store.move(key, to: Self.damagedPrefix + key)
    }

    /// The keys that what was set aside had.
    package func setAside() throws(BackupError) -> [String] {
        do {
            return try store.list(prefix: Self.damagedPrefix).map { String($0.key.dropFirst(Self.damagedPrefix.count)) }
        } catch {
            throw .store(error)
        }
    }

    // MARK: Manifests

    /// The ids of all backups, the oldest first.
    package func backupIDs() throws(BackupError) -> [String] {
        do {
            return try store.list(prefix: Self.backupsPrefix).map { String($0.key.dropFirst(Self.backupsPrefix.count)) }
                .filter { BackupID.isOne($0) }
        } catch {
            throw BackupError(wrapping: error)
        }
    }

    package func manifest(_ id: String) throws(BackupError) -> BackupManifest {
        guard BackupID.isOne(id) else { throw .request("`\(id)` is no id of a backup") }
        let key = Self.backupsPrefix + id
        let bytes: [UInt8]
        do throws(ObjectStoreError) { bytes = try store.bytes(of: key, limitBytes: 1 << 30) } catch {
            if case .notFound = error { throw .request("there is no backup \(id) in \(store.place)") }
            throw .store(error)
        }
        let json: [UInt8]?
        if let secrets {
            json = try? ObjectEnvelope.unpack(bytes, name: key, key: secrets.contents)
        } else {
            json = SealedText.open(bytes)
        }
        if let json { try Self.checkFormat(json, key, BackupManifest.format) }
        guard let json, let manifest = try? BackupJSON.decode(BackupManifest.self, json), manifest.id == id, manifest.isInBounds
        else { throw .damaged(["\(key): the backup's manifest is not what was written"]) }
        return manifest
    }

    /// All backups, the oldest first.
    package func manifests() throws(BackupError) -> [BackupManifest] {
        var manifests: [BackupManifest] = []
        for id in try backupIDs() { manifests.append(try manifest(id)) }
        return manifests
    }

    func put(_ manifest: BackupManifest) throws(BackupError) -> Int {
        do {
            let key = Self.backupsPrefix + manifest.id
            let json = try BackupJSON.encode(manifest)
            let bytes =
                try secrets.map { secrets in
                    try json.withUnsafeBytes { try ObjectEnvelope.pack($0, name: key, key: secrets.contents) }
                } ?? SealedText.seal(json)
            try store.put(key, bytes)
            return bytes.count
        } catch {
            throw BackupError(wrapping: error)
        }
    }
}

/// `20261121T172512.123456Z-0123abcd`: when it was made (UTC, with microseconds, so that ids sort by time), and eight random
/// digits.
enum BackupID {
    private static let shape = Array("00000000T000000.000000Z-xxxxxxxx".utf8)

    static func make(_ time: Timestamp) -> String {
        time.compactText.dropLast() + time.text.suffix(8) + "-" + Digest.hex(ChunkCipher.randomBytes(4))
    }

    static func isOne(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return bytes.count == shape.count
            && zip(bytes, shape).allSatisfy { byte, wanted in
                switch wanted {
                case UInt8(ascii: "0"): (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                case UInt8(ascii: "x"): Digest.bytes(hex: String(decoding: [byte, byte], as: UTF8.self)) != nil
                default: byte == wanted
                }
            }
    }
}
