import Testing

@testable import QuiverBackup

/// The examples of "Authenticating Requests: Using the Authorization Header" (Amazon S3 API Reference), and those of the
/// Signature Version 4 test suite that concern no normalising of paths.
@Suite struct SignatureTests {
    static let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    struct Vector: Sendable, CustomTestStringConvertible {
        var name: String
        var method = "GET"
        var path = "/"
        var query: [(name: String, value: String)] = []
        var headers: [(name: String, value: String)] = []
        var payloadHash = SignatureTests.empty
        var signature: String

        var testDescription: String { name }
    }

    static let documented: [Vector] = [
        Vector(
            name: "GET Object", path: "/test.txt", headers: [("Range", "bytes=0-9")],
            signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
        Vector(
            name: "PUT Object", method: "PUT", path: "/" + SignatureV4.encode("test$file.text"),
            headers: [("Date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
            payloadHash: Digest.hex(Digest.sha256("Welcome to Amazon S3.")),
            signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
        Vector(
            name: "GET Bucket Lifecycle", query: [("lifecycle", "")],
            signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        Vector(
            name: "List Objects", query: [("prefix", "J"), ("max-keys", "2")],
            signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ]

    static let suite: [Vector] = [
        Vector(name: "get-vanilla", signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        Vector(
            name: "get-vanilla-query-order-key-case", query: [("Param2", "value2"), ("Param1", "value1")],
            signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
        Vector(
            name: "post-vanilla", method: "POST",
            signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    ]

    @Test(arguments: documented) func signsTheDocumentedExamples(_ vector: Vector) {
        let signer = SignatureV4(
            credentials: S3Credentials(
                accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
            region: "us-east-1")
        let time = "20130524T000000Z"
        let text = signer.authorization(
            method: vector.method, path: vector.path, query: vector.query,
            headers: vector.headers + [
                ("Host", "examplebucket.s3.amazonaws.com"), ("x-amz-date", time), ("x-amz-content-sha256", vector.payloadHash),
            ],
            payloadHash: vector.payloadHash, time: time)
        #expect(text.hasSuffix("Signature=" + vector.signature))
        #expect(text.hasPrefix("AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "))
    }

    @Test(arguments: suite) func signsTheTestSuite(_ vector: Vector) {
        let signer = SignatureV4(
            credentials: S3Credentials(
                accessKeyID: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            region: "us-east-1", service: "service")
        let text = signer.authorization(
            method: vector.method, path: vector.path, query: vector.query,
            headers: [("Host", "example.amazonaws.com"), ("X-Amz-Date", "20150830T123600Z")],
            payloadHash: vector.payloadHash, time: "20150830T123600Z")
        #expect(text.hasSuffix("SignedHeaders=host;x-amz-date, Signature=" + vector.signature))
    }

    @Test func encodesEveryByteThatIsNotUnreserved() {
        #expect(SignatureV4.encode("a b/c+d=é~", keepingSlashes: true) == "a%20b/c%2Bd%3D%C3%A9~")
        #expect(SignatureV4.encode("a/b") == "a%2Fb")
    }

    @Test func describesCredentialsWithoutTheirSecret() {
        let credentials = S3Credentials(accessKeyID: "ID", secretAccessKey: "hidden", sessionToken: "token")
        #expect("\(credentials)" == "access key ID")
    }

    @Test func findsTheHostByStyle() throws {
        let amazon = try S3Location(bucket: "data", prefix: "/a//b/", region: "eu-central-1")
        #expect(amazon.target("k y").host == "data.s3.eu-central-1.amazonaws.com")
        #expect(amazon.target("k y").path == "/k%20y")
        #expect(amazon.text == "s3://data/a/b")
        let own = try S3Location(bucket: "data", region: "r", endpoint: "http://minio:9000/")
        #expect(own.target("k").origin == "http://minio:9000")
        #expect(own.target("k").path == "/data/k")
        #expect(own.target(nil).path == "/data")
        let host = try S3Location(bucket: "data", region: "r", endpoint: "http://minio:9000", style: .virtualHost)
        #expect(host.target(nil).origin == "http://data.minio:9000")
        #expect(host.target(nil).path == "/")
        #expect(throws: ObjectStoreError.self) { try S3Location(bucket: "A b", region: "r") }
    }
}
