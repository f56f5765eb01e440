/// Takes the answer to one request, once, on any thread.
typealias Reply = @Sendable (Result<Answer, Rejection>) -> Void

/// How a request goes on after its handler has looked at it. The handler itself runs on the event loop of the
/// connection, and so does whatever is short and sure to be: every other thread that takes part costs two switches,
/// which is more than a short query.
enum Outcome: Sendable {
    /// Done.
    case answer(Answer)
    /// To be run on a worker thread.
    case worker(@Sendable () throws(Rejection) -> Answer)
    /// To be started, on a worker thread or at once; it hands its answer in when it has one.
    case pending(onWorker: Bool, Deadline?, @Sendable (@escaping Reply) throws(Rejection) -> Void)
    /// To be run on a thread of its own, as it may take as long as disks, networks and clients like. It hands its answer in
    /// when it has one, and may go on after that.
    case thread(@Sendable (@escaping Reply) throws(Rejection) -> Void)
    /// To be awaited in a task: rare, of whatever length.
    case task(@Sendable () async throws(Rejection) -> Answer)

    /// What is answered when nothing else has been for so long.
    struct Deadline: Sendable {
        var after: Duration
        var answer: @Sendable () -> Answer
    }
}
