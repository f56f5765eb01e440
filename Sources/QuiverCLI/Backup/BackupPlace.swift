import ArgumentParser
#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

import QuiverBackup
import QuiverModel

/// Where backups are, and with which key; shared by all `quiver backup` commands.
struct BackupPlace: ParsableArguments {
    @Option(
        name: [.customShort("r"), .long],
        help: ArgumentHelp("Where backups are: a directory, or s3://bucket/prefix.", valueName: "dir|s3://…"),
        completion: .directory)
    var repository: String

    @Option(help: ArgumentHelp("The S3 server, e.g. http://minio:9000; Amazon's own unless given.", valueName: "url"))
    var s3Endpoint: String?

    @Option(help: ArgumentHelp("The region; us-east-1 unless given or in the environment.", valueName: "name"))
    var s3Region: String?

    @Option(help: ArgumentHelp("path or virtual-host: where the bucket's name goes.", valueName: "style"))
    var s3Style: S3StyleArgument?

    @Option(
        help: ArgumentHelp("Credentials as the AWS tools keep them, with [profile] sections.", valueName: "file"),
        completion: .file())
    var s3Credentials: String?

    @Option(
        help: ArgumentHelp(
            "The key of an encrypted repository: 32 bytes, or they as hexadecimal or Base64.", valueName: "file"),
        completion: .file())
    var keyFile: String?

    @Option(
        help: ArgumentHelp(
            "Certificates in PEM that are trusted beside the system's, for S3 and --server; for S3 also AWS_CA_BUNDLE.",
            valueName: "file"),
        completion: .file())
    var caCert: String?

    @Option(
        help: ArgumentHelp(
            "At most so many bytes a second to and from the repository, on average: 500K, 20M, 1G.", valueName: "rate"))
    var limitRate: ByteRate?

    @Flag(help: "Tell everything as JSON lines on standard output.")
    var json = false

    static let environment = """
        Credentials for S3 come from --s3-credentials, else from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
        AWS_SESSION_TOKEN, else from the file of the AWS tools (AWS_SHARED_CREDENTIALS_FILE, ~/.aws/credentials; AWS_PROFILE).
        Region and endpoint may come from AWS_REGION, AWS_DEFAULT_REGION, AWS_ENDPOINT_URL_S3 and AWS_ENDPOINT_URL,
        certificates of S3 from AWS_CA_BUNDLE, the key from QUIVER_BACKUP_KEY.
        """

    static let exitCodes = """
        Exit codes: 1 something is damaged, 64 usage, 66 there is no such backup or collection, 69 the store or the server
        does not answer, 70 a failure inside, 73 the storage or the repository is in use, or a collection is in the way, 74
        reading or writing failed, 77 wrong or no key, credentials or rights, 130 interrupted.
        """

    func open(creating: Bool = false) throws -> BackupRepository {
        try BackupFailure.telling { () throws(BackupError) in
            let store: any ObjectStore
            do throws(ObjectStoreError) { store = try self.store(creating: creating) } catch { throw .store(error) }
            let limited: any ObjectStore = limitRate.map { LimitedObjectStore(store, bytesPerSecond: $0.bytesPerSecond) } ?? store
            return try BackupRepository(limited, key: try key(), creating: creating)
        }
    }

    /// A running server that the certificates count for as well.
    func connection(_ url: String, apiKey: String?, silenceSeconds: Double = 300) throws -> ServerConnection {
        do throws(ObjectStoreError) {
            return ServerConnection(
                url, apiKey: apiKey ?? environmentValue("QUIVER_API_KEY"), trusted: try trusted(caCert),
                silenceSeconds: silenceSeconds)
        } catch {
            throw BackupFailure.failure(.store(error))
        }
    }

    private func trusted(_ file: String?) throws(ObjectStoreError) -> TrustedCertificates? {
        guard let file else { return nil }
        do throws(WebFailure) { return try TrustedCertificates(file: file) } catch { throw .refused("\(error)") }
    }

    private func key() throws(BackupError) -> RepositoryKey? {
        if let keyFile { return try RepositoryKey(file: keyFile) }
        guard let text = environmentValue("QUIVER_BACKUP_KEY") else { return nil }
        guard let key = RepositoryKey(text: text) else {
            throw .key("QUIVER_BACKUP_KEY holds no key: 64 hexadecimal digits, or 44 characters of Base64")
        }
        return key
    }

    private func store(creating: Bool) throws(ObjectStoreError) -> any ObjectStore {
        guard let (bucket, prefix) = S3Location.parts(of: repository) else {
            return try DirectoryObjectStore(repository, mustExist: !creating)
        }
        let location = try S3Location(
            bucket: bucket, prefix: prefix,
            region: s3Region ?? environmentValue("AWS_REGION") ?? environmentValue("AWS_DEFAULT_REGION") ?? "us-east-1",
            endpoint: s3Endpoint ?? environmentValue("AWS_ENDPOINT_URL_S3") ?? environmentValue("AWS_ENDPOINT_URL"),
            style: s3Style?.style)
        var options = S3ObjectStore.Options()
        options.trusted = try trusted(caCert ?? environmentValue("AWS_CA_BUNDLE"))
        return S3ObjectStore(location, credentials: try S3Credentials.find(file: s3Credentials), options: options)
    }
}

func environmentValue(_ name: String) -> String? {
    guard let value = getenv(name), value[0] != 0 else { return nil }
    return String(cString: value)
}

struct S3StyleArgument: ExpressibleByArgument {
    var style: S3Location.Style

    init?(argument: String) {
        guard let style = S3Location.Style(rawValue: argument) else { return nil }
        self.style = style
    }

    static var allValueStrings: [String] { S3Location.Style.allCases.map(\.rawValue) }
}

/// `500K`, `20M`, `1G` bytes a second; units of 1,024.
struct ByteRate: ExpressibleByArgument {
    var bytesPerSecond: Int

    init?(argument: String) {
        let units: [Character: Double] = ["K": 1024, "M": 1_048_576, "G": 1_073_741_824]
        let unit = argument.last.flatMap { units[$0] }
        guard let count = Double(unit == nil ? argument[...] : argument.dropLast()), count.isFinite,
            count * (unit ?? 1) >= Double(LimitedObjectStore.leastBytesPerSecond), count * (unit ?? 1) < 1e15
        else { return nil }
        bytesPerSecond = Int(count * (unit ?? 1))
    }
}

/// Errors of backups as sentences with exit codes.
enum BackupFailure {
    static func telling<Value>(_ body: () throws(BackupError) -> Value) throws -> Value {
        do { return try body() } catch { throw failure(error) }
    }

    static func failure(_ error: BackupError) -> CommandFailure {
        if case .stopped(let error as CommandFailure) = error { return error }
        var message = "\(error)"
        if case .damaged = error { message += "\n" + repairAdvice }
        if message.contains(TrustedCertificates.refusal) {
            message += "; if it is that of an authority of your own, name its certificate with --ca-cert FILE"
        }
        return CommandFailure(code: code(error), message: message)
    }

    static let repairAdvice =
        "`quiver backup verify --repair` sets aside what is damaged, so that the next backup sends it again"

    private static func code(_ error: BackupError) -> ExitCode {
        switch error {
        case .damaged: .differs
        case .request: .noInput
        case .key: .noPermission
        case .busy, .conflict: .cannotCreate
        case .server: .unavailable
        case .stopped: .software
        case .store(let error):
            switch error {
            case .notFound: .noInput
            case .refused: .noPermission
            case .unavailable: .unavailable
            case .invalid: .usage
            case .inputOutput, .full: .inputOutput
            case .caller: .software
            }
        case .database(let error):
            switch error.kind {
            case .locked, .alreadyExists, .badRequest, .badInput: .cannotCreate
            case .notFound: .noInput
            case .corrupted: .differs
            case .insufficientStorage, .readOnly: .inputOutput
            case .overloaded, .timeout: .unavailable
            default: .software
            }
        }
    }
}
