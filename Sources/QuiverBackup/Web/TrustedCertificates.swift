#if Server
import NIOSSL

/// Authorities whose certificates are believed beside the system's own: that of a private MinIO, say.
package struct TrustedCertificates: Sendable {
    /// What `WebFailure.tls` says of a certificate that none of them has signed.
    package static let refusal = "the certificate of the other side is signed by none that is trusted here"

    private let certificates: [NIOSSLCertificate]

    /// - Parameter file: one or several certificates in PEM.
    /// - Throws: `.tls` with a sentence that names the file.
    package init(file: String) throws(WebFailure) {
        do { certificates = try NIOSSLCertificate.fromPEMFile(file) } catch {
            throw .tls("cannot read certificates in PEM from `\(file)`")
        }
        if certificates.isEmpty { throw .tls("`\(file)` has no certificate in PEM") }
    }

    var configuration: TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.additionalTrustRoots = [.certificates(certificates)]
        return configuration
    }
}
#endif
