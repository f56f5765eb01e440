// swift-tools-version: 6.2
import PackageDescription

// The target dependencies below are the table of floors in docs/ARCHITECTURE.md: an arrow only
// points down, and the compiler keeps it that way.

/// On for every Swift target: explicit existentials, and imports that name what they expose.
let houseRules: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// For the targets that fence raw memory: every unsafe use has to say `unsafe`.
let fenced: [SwiftSetting] = houseRules + [.strictMemorySafety()]

let whenServing: TargetDependencyCondition? = .when(traits: ["Server"])

let package = Package(
    name: "quiver",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "Quiver", targets: ["Quiver"]),
        .library(name: "QuiverServer", targets: ["QuiverServer"]),
        .library(name: "QuiverC", type: .dynamic, targets: ["QuiverC"]),
        .executable(name: "quiver", targets: ["QuiverCLI"]),
        // For Benchmarks/ alone: nothing in these floors but QuiverModel is public.
        .library(name: "QuiverFloors", targets: ["QuiverIndex", "QuiverPayload", "QuiverJSON", "QuiverWire"]),
    ],
    traits: [
        .trait(name: "Server", description: "The REST server and the `quiver` executable, with the web stack they need."),
        .default(enabledTraits: ["Server"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.2.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.5.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.80.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.30.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.6.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.30.0"),
    ],
    targets: [
        // Floor 0: the doors to C.
        .systemLibrary(name: "CLMDB", pkgConfig: "lmdb", providers: [.apt(["liblmdb-dev"]), .brew(["lmdb"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"]), .brew(["zstd"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
        // glibc's settings of malloc; empty elsewhere.
        .systemLibrary(name: "CAllocator"),
        // Without pkgConfig: simdjson's file carries a define that SwiftPM refuses with a warning at each build.
        .systemLibrary(name: "CSimdjsonLibrary", providers: [.apt(["libsimdjson-dev"]), .brew(["simdjson"])]),
        .target(name: "CSimdjson", dependencies: ["CSimdjsonLibrary"], linkerSettings: [.linkedLibrary("simdjson")]),
        .systemLibrary(name: "CSnowball", providers: [.apt(["libstemmer-dev"]), .brew(["snowball"])]),
        .systemLibrary(name: "CICULibrary", pkgConfig: "icu-uc", providers: [.apt(["libicu-dev"]), .brew(["icu4c"])]),
        .target(name: "CICU", dependencies: ["CICULibrary"], linkerSettings: [.linkedLibrary("icuuc")]),
        .target(name: "CVectorKernels"),
        .target(name: "CChecksum"),
        .target(name: "CMapGuard"),

        // Floor 1: the values people speak about.
        .target(name: "QuiverModel", swiftSettings: fenced),

        // Floor 2: each the only importer of its C library.
        .target(name: "QuiverLMDB", dependencies: ["CLMDB", "CChecksum"], swiftSettings: fenced),
        .target(name: "QuiverJSON", dependencies: ["CSimdjson"], swiftSettings: fenced),
        .target(name: "QuiverIndex", dependencies: ["CVectorKernels", "QuiverModel"], swiftSettings: fenced),
        .target(name: "QuiverText", dependencies: ["CSnowball", "CICU", "QuiverModel"], swiftSettings: fenced),

        .target(name: "QuiverArchive", dependencies: ["CZstd", "COpenSSL"], swiftSettings: fenced),

        // Floor 3.
        .target(
            name: "QuiverPayload", dependencies: ["QuiverLMDB", "QuiverJSON", "QuiverText", "QuiverModel"],
            swiftSettings: fenced),

        // Floor 4: the engine and its public face.
        .target(
            name: "Quiver",
            dependencies: [
                "QuiverModel", "QuiverLMDB", "QuiverJSON", "QuiverIndex", "QuiverText", "QuiverPayload", "QuiverArchive",
                "COpenSSL", "CMapGuard",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "DequeModule", package: "swift-collections"),
            ],
            swiftSettings: fenced),

        // Floor 5: REST JSON to model and back; no sockets, no engine.
        .target(name: "QuiverWire", dependencies: ["QuiverModel", "QuiverJSON", "QuiverText"], swiftSettings: fenced),

        // Floor 5: where backups and snapshots go, and what goes there. The one importer of the HTTP client.
        .target(
            name: "QuiverBackup",
            dependencies: [
                "Quiver", "QuiverModel", "QuiverJSON", "QuiverArchive", "COpenSSL",
                .product(name: "AsyncHTTPClient", package: "async-http-client", condition: whenServing),
                .product(name: "NIOCore", package: "swift-nio", condition: whenServing),
                .product(name: "NIOHTTP1", package: "swift-nio", condition: whenServing),
                .product(name: "NIOSSL", package: "swift-nio-ssl", condition: whenServing),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: houseRules),

        // Floor 6: the engine for other languages, and its header.
        .systemLibrary(name: "CQuiver"),
        .target(
            name: "QuiverC",
            dependencies: ["CQuiver", "Quiver", "QuiverModel", "QuiverJSON", "QuiverPayload", "QuiverWire"],
            swiftSettings: fenced),

        // Floor 6: the server.
        .target(
            name: "QuiverServer",
            dependencies: [
                "Quiver", "QuiverModel", "QuiverText", "QuiverWire", "QuiverArchive", "QuiverBackup", "CZlib",
                .product(name: "NIOCore", package: "swift-nio", condition: whenServing),
                .product(name: "NIOPosix", package: "swift-nio", condition: whenServing),
                .product(name: "NIOHTTP1", package: "swift-nio", condition: whenServing),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics", condition: whenServing),
                .product(name: "UnixSignals", package: "swift-service-lifecycle", condition: whenServing),
            ],
            swiftSettings: houseRules),

        // Floor 7: the executable.
        .executableTarget(
            name: "QuiverCLI",
            dependencies: [
                .target(name: "CAllocator", condition: .when(platforms: [.linux])),
                "Quiver", "QuiverModel", "QuiverIndex", "QuiverJSON", "QuiverWire", "QuiverArchive", "QuiverBackup",
                "QuiverServer",
                .product(name: "ArgumentParser", package: "swift-argument-parser", condition: whenServing),
                .product(name: "Yams", package: "Yams", condition: whenServing),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio", condition: whenServing),
                .product(name: "NIOPosix", package: "swift-nio", condition: whenServing),
                .product(name: "NIOHTTP1", package: "swift-nio", condition: whenServing),
            ],
            swiftSettings: houseRules),

        // Tests, one target a floor room.
        .target(name: "QuiverTestKit", dependencies: ["QuiverModel"], path: "Tests/QuiverTestKit", swiftSettings: houseRules),
        .testTarget(name: "QuiverModelTests", dependencies: ["QuiverModel", "QuiverTestKit"], swiftSettings: houseRules),
        .testTarget(name: "QuiverJSONTests", dependencies: ["QuiverJSON", "QuiverTestKit"], swiftSettings: houseRules),
        .testTarget(name: "QuiverLMDBTests", dependencies: ["QuiverLMDB", "QuiverTestKit"], swiftSettings: houseRules),
        .testTarget(
            name: "QuiverIndexTests", dependencies: ["QuiverIndex", "CVectorKernels", "QuiverTestKit"],
            swiftSettings: houseRules),
        .testTarget(
            name: "QuiverTextTests", dependencies: ["QuiverText", "QuiverModel", "QuiverTestKit"], swiftSettings: houseRules),
        .testTarget(
            name: "QuiverPayloadTests",
            dependencies: ["QuiverPayload", "QuiverJSON", "QuiverLMDB", "QuiverModel", "QuiverText", "QuiverTestKit"],
            swiftSettings: houseRules),
        .testTarget(
            name: "QuiverArchiveTests", dependencies: ["QuiverArchive", "QuiverTestKit"], swiftSettings: houseRules),
        .testTarget(
            name: "QuiverBackupTests",
            dependencies: ["QuiverBackup", "Quiver", "QuiverModel", "QuiverArchive", "QuiverTestKit"],
            swiftSettings: houseRules),
        .testTarget(
            name: "QuiverTests", dependencies: ["Quiver", "QuiverArchive", "QuiverModel", "QuiverIndex", "QuiverLMDB", "QuiverPayload", "QuiverTestKit"],
            swiftSettings: houseRules),
        .testTarget(
            name: "QuiverWireTests", dependencies: ["QuiverWire", "QuiverModel", "QuiverTestKit"], swiftSettings: houseRules),
        .testTarget(
            name: "QuiverServerTests",
            dependencies: [
                "QuiverServer", "Quiver", "QuiverModel", "QuiverWire", "QuiverArchive", "QuiverTestKit",
                .product(name: "NIOCore", package: "swift-nio", condition: whenServing),
                .product(name: "NIOPosix", package: "swift-nio", condition: whenServing),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: houseRules),
        .testTarget(
            name: "QuiverCLITests",
            dependencies: [
                "QuiverCLI", "Quiver", "QuiverServer", "QuiverWire", "QuiverJSON", "QuiverModel", "QuiverTestKit",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ArgumentParser", package: "swift-argument-parser", condition: whenServing),
            ],
            swiftSettings: houseRules),
    ],
    cxxLanguageStandard: .cxx17
)
