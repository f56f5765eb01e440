import QuiverJSON
import QuiverModel

extension RequestDecoder {
    /// The member `quantization_config`, also written `quantization`.
    static func quantization(of object: JSONNode) throws(WireFault) -> QuantizationConfig? {
        guard let node = try object.given("quantization_config", or: "quantization") else { return nil }
        guard let config = try quantizationConfig(node) else { throw node.noVariant("QuantizationConfig") }
        return config
    }

    /// The same in a patch, where `"Disabled"` removes it.
    static func quantizationPatch(of object: JSONNode) throws(WireFault) -> QuantizationPatch? {
        guard let node = try object.given("quantization_config", or: "quantization") else { return nil }
        if node.isString("Disabled") { return .disabled }
        guard let config = try quantizationConfig(node) else { throw node.noVariant("QuantizationConfigDiff") }
        return .replaced(config)
    }

    /// An object with the one key that tells the kind; nil when there is none of them.
    private static func quantizationConfig(_ node: JSONNode) throws(WireFault) -> QuantizationConfig? {
        guard node.isObject else { return nil }
        if let scalar = try node.field("scalar") { return .scalar(try scalarQuantization(scalar)) }
        if let product = try node.field("product") { return .product(try productQuantization(product)) }
        if let binary = try node.field("binary") { return .binary(try binaryQuantization(binary)) }
        if let turbo = try node.field("turbo") { return .turbo(try turboQuantization(turbo)) }
        return nil
    }

    private static func scalarQuantization(_ node: JSONNode) throws(WireFault) -> ScalarQuantization {
        try node.requireObject("struct ScalarQuantizationConfig")
        let type = try node.required("type")
        let name = try type.text()
        guard name == "int8" else { throw type.unknownVariant(name, ["int8"]) }
        return ScalarQuantization(
            quantile: try node.given("quantile")?.float(from: 0.5, to: 1),
            alwaysRAM: try node.optionalBool("always_ram"), memory: try quantizedMemory(node))
    }

    private static func productQuantization(_ node: JSONNode) throws(WireFault) -> ProductQuantization {
        try node.requireObject("struct ProductQuantizationConfig")
        return ProductQuantization(
            compression: try node.required("compression").variant(of: ProductQuantization.Compression.self),
            alwaysRAM: try node.optionalBool("always_ram"), memory: try quantizedMemory(node))
    }

    private static func binaryQuantization(_ node: JSONNode) throws(WireFault) -> BinaryQuantization {
        try node.requireObject("struct BinaryQuantizationConfig")
        return BinaryQuantization(
            encoding: try node.optionalVariant("encoding", of: BinaryQuantization.Encoding.self),
            queryEncoding: try node.optionalVariant("query_encoding", of: BinaryQuantization.QueryEncoding.self),
            alwaysRAM: try node.optionalBool("always_ram"), memory: try quantizedMemory(node))
    }

    private static func turboQuantization(_ node: JSONNode) throws(WireFault) -> TurboQuantization {
        try node.requireObject("struct TurboQuantQuantizationConfig")
        return TurboQuantization(
            bits: try node.optionalVariant("bits", of: TurboQuantization.Bits.self),
            alwaysRAM: try node.optionalBool("always_ram"), memory: try quantizedMemory(node))
    }

    private static func quantizedMemory(_ node: JSONNode) throws(WireFault) -> MemoryPlacement? {
        try node.optionalVariant("memory", of: MemoryPlacement.self)
    }
}
