import Foundation

package import QuiverModel

/// Configurations on disk: JSON with sorted keys, small and written rarely.
package enum StoredConfig {
    package static func encode(_ value: some Encodable) throws(QuiverError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        do {
            return Array(try encoder.encode(value))
        } catch {
            throw .service("a configuration could not be written: \(error)")
        }
    }

    package static func decode<Value: Decodable>(
        _: Value.Type, from bytes: UnsafeRawBufferPointer
    ) throws(QuiverError) -> Value {
        do {
            return try JSONDecoder().decode(Value.self, from: unsafe Data(bytes))
        } catch {
            throw QuiverError(.corrupted, "a stored configuration cannot be read: \(error)")
        }
    }
}
