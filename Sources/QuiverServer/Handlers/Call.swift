import NIOCore
import QuiverModel
import QuiverWire

/// One request, matched and read, on its way to its handler.
struct Call: Sendable {
    var route: Route
    var path: PathParameters
    var query: QueryParameters
    var body: ByteBuffer
    var access = Access.manage
    /// Of the caller's token: has to hold before anything is done.
    var condition: TokenClaims.Condition?
    /// How the body is coded; nil: it is not.
    var bodyCoding: ContentCoding?
    /// What the caller can read.
    var answerCoding: ContentCoding?
    var started: ContinuousClock.Instant
    /// What the head says of the transfer; of routes that stream only.
    var transfer: TransferFields?
    /// In place of `body`, for routes that read it while it comes.
    var source: BodySource?

    /// The parser may read the body where it is: room is left behind it.
    var isPadded: Bool { body.writableBytes >= RequestDecoder.paddingByteCount }

    /// Checked when the route was matched.
    var collectionName: String { path["collection_name"] ?? "" }

    /// Seconds since the request's head was read, for the envelope.
    var elapsedSeconds: Double { (ContinuousClock.now - started).seconds }
}

extension Duration {
    /// Whole nanoseconds, as a fraction that prints short.
    var seconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds / 1_000_000_000) / 1e9
    }
}
