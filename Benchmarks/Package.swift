// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that nobody builds the benchmarks to use Quiver. It takes the library without the server.

/// The name under which SwiftPM builds the package above: its directory, as an identifier. Under the same name the
/// micro benchmarks see its `package` declarations, which is what they measure.
let quiver = Context.packageDirectory.split(separator: "/").dropLast().last.map { name in
    String(name.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
} ?? "quiver"

let package = Package(
    name: "quiver-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "quiver", path: "..", traits: [])],
    targets: [
        .executableTarget(
            name: "QueryLatency", dependencies: [.product(name: "Quiver", package: "quiver")],
            swiftSettings: [.swiftLanguageMode(.v6)]),
        .target(name: "CMeasure"),
        .executableTarget(
            name: "MicroBenchmarks",
            dependencies: [
                "CMeasure", .product(name: "Quiver", package: "quiver"),
                .product(name: "QuiverFloors", package: "quiver"),
            ],
            packageAccess: false,
            swiftSettings: [.swiftLanguageMode(.v6), .unsafeFlags(["-package-name", quiver])]),
    ],
    cxxLanguageStandard: .cxx17
)
