// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that nobody builds the benchmarks to use Quiver. It takes the library without the server.
let package = Package(
    name: "quiver-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "quiver", path: "..", traits: [])],
    targets: [
        .executableTarget(
            name: "QueryLatency", dependencies: [.product(name: "Quiver", package: "quiver")],
            swiftSettings: [.swiftLanguageMode(.v6)])
    ]
)
