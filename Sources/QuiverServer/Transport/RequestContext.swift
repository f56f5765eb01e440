import Hummingbird

/// The per-request state that Hummingbird asks for; ours travels in `Call`.
struct ServerContext: Hummingbird.RequestContext {
    var coreContext: CoreRequestContextStorage

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
    }
}
