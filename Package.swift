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


let package = Package(
    name: "quiver",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "Quiver", targets: ["Quiver"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.2.0"),
    ],
    targets: [
        // Floor 0: the doors to C.
        .systemLibrary(name: "CLMDB", pkgConfig: "lmdb", providers: [.apt(["liblmdb-dev"]), .brew(["lmdb"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"]), .brew(["zstd"])]),
        // glibc's settings of malloc; empty elsewhere.
        // Without pkgConfig: simdjson's file carries a define that SwiftPM refuses with a warning at each build.
        .systemLibrary(name: "CSimdjsonLibrary", providers: [.apt(["libsimdjson-dev"]), .brew(["simdjson"])]),
        .target(name: "CSimdjson", dependencies: ["CSimdjsonLibrary"], linkerSettings: [.linkedLibrary("simdjson")]),
        .systemLibrary(name: "CSnowball", providers: [.apt(["libstemmer-dev"]), .brew(["snowball"])]),
        .systemLibrary(name: "CICULibrary", pkgConfig: "icu-uc", providers: [.apt(["libicu-dev"]), .brew(["icu4c"])]),
        .target(name: "CICU", dependencies: ["CICULibrary"], linkerSettings: [.linkedLibrary("icuuc")]),
        .target(name: "CVectorKernels"),
        .target(name: "CChecksum"),

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
                "COpenSSL",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "DequeModule", package: "swift-collections"),
            ],
            swiftSettings: fenced),

        // Tests, one target a floor room.
        .target(name: "QuiverTestKit", dependencies: ["QuiverModel"], path: "Tests/QuiverTestKit", swiftSettings: houseRules),
        .testTarget(
            name: "QuiverTests", dependencies: ["Quiver", "QuiverModel", "QuiverIndex", "QuiverLMDB", "QuiverPayload", "QuiverTestKit"],
            swiftSettings: houseRules),
    ],
    cxxLanguageStandard: .cxx17
)
