import Glibc

/// An operating-system thread: what an LMDB write transaction, which belongs to its thread, and
/// everything that blocks have to run on.
package final class OSThread: @unchecked Sendable {
    // @unchecked: `handle` is written once in init and only read by `join`.
    private let handle: pthread_t

    /// 8 MiB, as the main thread has: a recursion over 127 levels of JSON fits easily.
    private static let stackBytes = 8 << 20

    package init(_ body: @escaping @Sendable () -> Void) {
        let box = unsafe Unmanaged.passRetained(Body(run: body))
        var handle = pthread_t()
        // Raw memory: which module the empty initialiser of the attributes comes from is not clear to every build.
        let code = unsafe withUnsafeTemporaryAllocation(of: pthread_attr_t.self, capacity: 1) { attributes in
            guard let attributes = attributes.baseAddress else { return ENOMEM }
            unsafe pthread_attr_init(attributes)
            unsafe pthread_attr_setstacksize(attributes, OSThread.stackBytes)
            defer { unsafe pthread_attr_destroy(attributes) }
            return unsafe pthread_create(
                &handle, attributes,
                { argument in
                    guard let argument = unsafe argument else { return nil }
                    let body = unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                    body.run()
                    return nil
                }, box.toOpaque())
        }
        precondition(code == 0, "the system refused a thread: \(code)")
        self.handle = handle
    }

    /// A thread that nobody waits for.
    package static func detach(_ body: @escaping @Sendable () -> Void) {
        let thread = OSThread(body)
        pthread_detach(thread.handle)
    }

    package func join() {
        _ = pthread_join(handle, nil)
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }
}
