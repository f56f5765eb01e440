import QuiverJSON
import QuiverModel

// Parameters of vectors, as a collection's information and the body that creates one have them: what was not given is
// absent.
extension ResponseEncoder {
    /// The member `vectors`, where there are dense ones.
    static func writeVectors(of config: CollectionConfig, _ writer: inout JSONWriter) {
        guard let vectors = config.vectors else { return }
        writer.key("vectors")
        write(vectors, &writer)
    }

    static func write(_ vectors: VectorsConfig, _ writer: inout JSONWriter) {
        switch vectors {
        case .unnamed(let params): write(params, &writer)
        case .named(let named): writer.map(named, write)
        }
    }

    private static func write(_ params: VectorParams, _ writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("size", params.size)
            writer.member("distance", params.distance)
            if let hnsw = params.hnswConfig {
                writer.key("hnsw_config")
                write(hnsw, &writer)
            }
            if let quantization = params.quantization {
                writer.key("quantization_config")
                write(quantization, &writer)
            }
            writer.member("on_disk", params.onDisk)
            writer.member("memory", params.memory)
            writer.member("datatype", params.datatype)
            if let multivector = params.multivector {
                writer.object("multivector_config") { $0.member("comparator", multivector.comparator) }
            }
        }
    }

    private static func write(_ hnsw: HNSWConfigPatch, _ writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("m", hnsw.m)
            writer.member("ef_construct", hnsw.efConstruct)
            writer.member("full_scan_threshold", hnsw.fullScanThreshold)
            writer.member("max_indexing_threads", hnsw.maxIndexingThreads)
            writer.member("on_disk", hnsw.onDisk)
            writer.member("memory", hnsw.memory)
            writer.member("payload_m", hnsw.payloadM)
            writer.member("inline_storage", hnsw.inlineStorage)
        }
    }

    static func write(_ params: SparseVectorParams, _ writer: inout JSONWriter) {
        writer.object { writer in
            if let index = params.index {
                writer.object("index") { writer in
                    writer.member("full_scan_threshold", index.fullScanThreshold)
                    writer.member("on_disk", index.onDisk)
                    writer.member("memory", index.memory)
                    writer.member("datatype", index.datatype)
                }
            }
            writer.member("modifier", params.modifier)
        }
    }

    /// An object with the one key that tells the kind.
    static func write(_ quantization: QuantizationConfig, _ writer: inout JSONWriter) {
        writer.object { writer in
            switch quantization {
            case .scalar(let scalar):
                writer.object("scalar") { writer in
                    writer.member("type", "int8")
                    writer.member("quantile", scalar.quantile)
                    writePlacement(of: quantization, &writer)
                }
            case .product(let product):
                writer.object("product") { writer in
                    writer.member("compression", product.compression)
                    writePlacement(of: quantization, &writer)
                }
            case .binary(let binary):
                writer.object("binary") { writer in
                    writePlacement(of: quantization, &writer)
                    writer.member("encoding", binary.encoding)
                    writer.member("query_encoding", binary.queryEncoding)
                }
            case .turbo(let turbo):
                writer.object("turbo") { writer in
                    writePlacement(of: quantization, &writer)
                    writer.member("bits", turbo.bits)
                }
            }
        }
    }

    private static func writePlacement(of quantization: QuantizationConfig, _ writer: inout JSONWriter) {
        writer.member("always_ram", quantization.alwaysRAM)
        writer.member("memory", quantization.memory)
    }
}
