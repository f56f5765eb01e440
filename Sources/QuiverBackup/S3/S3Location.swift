/// A bucket, or a part of it, on Amazon S3 or whatever speaks like it.
package struct S3Location: Sendable {
    /// With the key of the object in the host name, or in the path.
    package enum Style: String, Sendable, CaseIterable {
        case path
        case virtualHost = "virtual-host"
    }

    package var bucket: String
    /// Before every key; empty, or ends in `/`.
    package var prefix: String
    package var region: String
    /// `http://host:port`; nil: Amazon's own of the region.
    package var endpoint: String?
    package var style: Style

    /// - Parameter style: nil: in the path at an endpoint of one's own, in the host name at Amazon's.
    package init(
        bucket: String, prefix: String = "", region: String, endpoint: String? = nil, style: Style? = nil
    ) throws(ObjectStoreError) {
        // No dots: a host name with them would not fit the certificate.
        let allowed = bucket.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
        }
        guard (3...63).contains(bucket.utf8.count), allowed else {
            throw .invalid("`\(bucket)` cannot be the name of a bucket")
        }
        if let endpoint, WebAddress(endpoint) == nil {
            throw .invalid("`\(endpoint)` is no URL of http or https")
        }
        self.bucket = bucket
        let trimmed = prefix.split(separator: "/").joined(separator: "/")
        self.prefix = trimmed.isEmpty ? "" : trimmed + "/"
        self.region = region
        self.endpoint = endpoint
        self.style = style ?? (endpoint == nil && !bucket.contains(".") ? .virtualHost : .path)
    }

    /// `s3://bucket/prefix`, as people write it.
    package var text: String { "s3://\(bucket)" + (prefix.isEmpty ? "" : "/" + prefix.dropLast()) }

    /// Bucket and prefix of `s3://bucket/prefix`; nil for anything else.
    package static func parts(of text: String) -> (bucket: String, prefix: String)? {
        guard text.hasPrefix("s3://") else { return nil }
        let rest = text.dropFirst(5)
        guard let slash = rest.firstIndex(of: "/") else { return (String(rest), "") }
        return (String(rest[..<slash]), String(rest[rest.index(after: slash)...]))
    }

    /// Where requests about `key` go; those about the bucket without.
    func target(_ key: String?) -> (origin: String, host: String, path: String) {
        let base = endpoint.flatMap { WebAddress($0) }
        let scheme = base?.scheme ?? "https"
        var host = base?.authority ?? "s3.\(region).amazonaws.com"
        var path = base.map { String($0.path.hasSuffix("/") ? String($0.path.dropLast()) : $0.path) } ?? ""
        switch style {
        case .path: path += "/" + bucket
        case .virtualHost: host = bucket + "." + host
        }
        if let key { path += "/" + SignatureV4.encode(key, keepingSlashes: true) }
        return (scheme + "://" + host, host, path.isEmpty ? "/" : path)
    }
}
