import Logging
import QuiverServer
import Testing

@testable import QuiverCLI

struct ConfigurationTests {
    private func load(
        file: String? = nil, defaultFile: String? = nil, environment: [String: String] = [:],
        flags: [ConfigurationLayers.Entry] = []
    ) throws -> ConfigurationLayers {
        try Configuration.load(file: file == nil ? nil : "given.yaml", environment: environment, flags: flags) { path in
            path == "given.yaml" ? file : path == Configuration.defaultFile ? defaultFile : nil
        }
    }

    private func error(_ body: () throws -> Void) -> ConfigurationError? {
        do {
            try body()
            return nil
        } catch {
            return error as? ConfigurationError
        }
    }

    @Test func laterLayersWin() throws {
        let defaultFile = "service:\n  http_port: 1\n  host: a\nstorage:\n  storage_path: /one\nlog_level: INFO\n"
        let file = "service: {http_port: 2, enable_cors: false}\n"
        let environment = [
            "QDRANT__SERVICE__HTTP_PORT": "3", "quiver__service__http_port": "4", "QDRANT__LOG_LEVEL": "DEBUG",
            "QDRANT__STORAGE__PERFORMANCE__MAX_SEARCH_THREADS": "5", "QDRANT": "x", "PATH": "y",
        ]
        let flag = ConfigurationLayers.Entry(path: "service.http_port", text: "6", place: "--port")

        #expect(try load(defaultFile: defaultFile).settings().server.port == 1)
        #expect(try load(file: file, defaultFile: defaultFile).settings().server.port == 2)
        #expect(try load(file: file, defaultFile: defaultFile, environment: environment).settings().server.port == 4)
        let all = try load(file: file, defaultFile: defaultFile, environment: environment, flags: [flag]).settings()
        #expect(all.server.port == 6)
        #expect(all.server.host == "a")
        #expect(all.server.enableCORS == false)
        #expect(all.storagePath == "/one")
        #expect(all.searchThreads == 5)
        #expect(all.logLevel == .debug)
    }

    @Test func defaultsOfTheTableAreThoseOfTheSettings() throws {
        let written = SettingKeys.all.compactMap { key in
            key.defaultText.map { ConfigurationLayers.Entry(path: key.path, text: $0, place: "default") }
        }
        var layers = ConfigurationLayers()
        try layers.add(written)
        #expect(try "\(layers.settings())" == "\(Settings())")
    }

    @Test func keysAreUniqueAndNoSection() {
        #expect(SettingKeys.byPath.count == SettingKeys.all.count)
        #expect(SettingKeys.all.allSatisfy { !SettingKeys.sections.contains($0.path) })
    }

    @Test func nullPutsTheDefaultBack() throws {
        let settings = try load(
            file: "service:\n  http_port: null\n  api_key:\nstorage:\n", defaultFile: "service: {http_port: 9}"
        ).settings()
        #expect(settings.server.port == 6333)
    }

    @Test(arguments: [
        ("service:\n  htp_port: 1\n", "given.yaml:2:3: unknown key service.htp_port; the nearest is service.http_port"),
        ("servise:\n  http_port: 1\n", "given.yaml:1:1: unknown key servise; the nearest is service"),
        (
            "service:\n  http_port: many\n",
            "given.yaml:2:3: service.http_port has to be a whole number from 0 to 65535, not \"many\""
        ),
        (
            "service:\n  http_port: 70000\n",
            "given.yaml:2:3: service.http_port has to be a whole number from 0 to 65535, not \"70000\""
        ),
        ("service:\n  hardware_reporting: true\n", "given.yaml:2:3: service.hardware_reporting is not supported yet"),
        ("service:\n  enable_tls: yes\n", "given.yaml:2:3: service.enable_tls is not supported yet"),
        ("service:\n  jwt_rbac: maybe\n", "given.yaml:2:3: service.jwt_rbac has to be true or false, not \"maybe\""),
        ("service:\n  jwt_rbac: true\n", "given.yaml:2:3: service.jwt_rbac needs service.api_key"),
        ("cluster:\n  enabled: true\n", "given.yaml:2:3: cluster.enabled is not supported yet"),
        ("service: 5\n", "given.yaml:1:1: service is a section, not a value"),
        ("service:\n  host: {a: 1}\n", "given.yaml:2:3: service.host is a value, not a section"),
        ("service:\n  host: [a]\n", "given.yaml:2:3: service.host cannot be a list"),
        ("- a\n", "given.yaml:1:1: the file has to be a mapping of sections"),
    ])
    func mistakesAreNamed(file: String, message: String) {
        #expect(error { _ = try load(file: file).settings() }?.description == message)
    }

    @Test func mistakesInTheEnvironment() {
        let unknown = error { _ = try load(environment: ["QUIVER__SERVICE__HTTPPORT": "1"]).settings() }
        #expect(
            unknown?.description
                == "environment variable QUIVER__SERVICE__HTTPPORT: unknown key service.httpport; the nearest is service.http_port"
        )
        let key = error { _ = try load(environment: ["QDRANT__SERVICE__ENABLE_TLS": "1"]).settings() }
        #expect(key?.message == "service.enable_tls is not supported yet")
    }

    @Test func keysAreReadAndNotShown() throws {
        let layers = try load(
            file: "service: {api_key: sesame, read_only_api_key: open, jwt_rbac: true}",
            environment: ["QDRANT__SERVICE__ALT_API_KEY": "rosebud"])
        let security = try layers.settings().server.security
        #expect(security.apiKey == "sesame" && security.readOnlyAPIKey == "open" && security.acceptsTokens)
        #expect(security.alternativeAPIKey == "rosebud")
        #expect(layers.listing.contains("service.api_key: ********"))
        for secret in ["sesame", ": open", "rosebud"] { #expect(!layers.listing.contains(secret)) }
    }

    @Test func quotasAreRead() throws {
        let quotas = try load(file: "storage: {quotas: {enabled: true, max_disk_usage_percent: 90}}").settings().server.quotas
        #expect(quotas.isEnabled && quotas.maximumDiskUsagePercent == 90 && quotas.releaseMarginPercent == nil)
    }

    @Test func harmlessValuesOfWhatIsMissing() throws {
        let file = """
            service: {api_key: "", enable_tls: no, jwt_rbac: False, verify_https_client_certificate: false}
            cluster: {enabled: false, p2p: {port: 6335}, consensus: {tick_period_ms: 100}}
            storage: {snapshots_path: /snapshots, snapshots_config: {snapshots_storage: local}, node_type: Normal}
            tls: {cert: ./cert.pem}
            telemetry_disabled: true
            """
        let layers = try load(file: file)
        var expected = Settings()
        expected.snapshotsPath = "/snapshots"
        #expect(try "\(layers.settings())" == "\(expected)")
        #expect(layers.notices.contains("tls.cert has no effect: TLS is not supported yet"))
    }

    @Test func theConfigurationThatQdrantShipsIsTaken() throws {
        let layers = try load(file: stockConfiguration)
        var expected = Settings()
        expected.snapshotsPath = "./snapshots"
        #expect(try "\(layers.settings())" == "\(expected)")
        #expect(layers.notices == [])
        #expect(layers.warnings == ["gRPC is not served yet: nothing listens on port 6334 (service.grpc_port)"])
    }

    @Test(arguments: ["null", "0", ""])
    func gRPCThatIsOffIsNotWarnedAbout(value: String) throws {
        #expect(try load(file: "service: {grpc_port: \(value)}").warnings == [])
    }

    @Test(arguments: [
        ("storage:\n  collection:\n    quantization: {scalar: {type: int8}}\n", "storage.collection.quantization"),
        ("storage:\n  optimizers_overwrite: {deleted_threshold: 0.1}\n", "storage.optimizers_overwrite"),
        ("cluster: {p2p: {enable_tls: true}}\n", "cluster.p2p.enable_tls"),
        ("logger: {on_disk: {enabled: true}}\n", "logger.on_disk.enabled"),
    ])
    func partsThatAreMissingAreNamed(file: String, key: String) {
        #expect(error { _ = try load(file: file).settings() }?.message == "\(key) is not supported yet")
    }

    @Test func textThatIsNoYAML() {
        #expect(error { _ = try load(file: "a: [1\nb: }") }?.message.hasPrefix("not YAML") == true)
        #expect(error { _ = try load(file: "log_level: info\nlog_level: debug\n") } != nil)
        #expect(
            error { _ = try Configuration.load(file: "missing.yaml", environment: [:], flags: []) { _ in nil } }?
                .message == "there is no file missing.yaml")
    }

    @Test func listingShowsWhereAValueComesFrom() throws {
        let listing = try load(file: "service: {http_port: 7}").listing
        #expect(
            listing.contains("service.http_port: 7  # Port of the REST interface; 0: any free one. [given.yaml:1:11]"))
        #expect(listing.split(separator: "\n").count == SettingKeys.all.count)
    }

    @Test func editDistance() {
        func distance(_ a: String, _ b: String) -> Int { NearestName.editDistance(Array(a.utf8), Array(b.utf8)) }
        #expect(distance("", "") == 0 && distance("", "abc") == 3 && distance("kitten", "sitting") == 3)
        #expect(NearestName.of("completely.else", among: ["service.host"]) == nil)
    }
}
