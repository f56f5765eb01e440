#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The number of files the process may have open.
enum FileDescriptors {
    /// Raises the soft limit to the hard one: each collection takes three descriptors and each connection one, and the
    /// usual soft limit of 1,024 is for programs that use `select`, which this one does not.
    static func raiseLimit() {
        var limit = rlimit()
        #if canImport(Glibc)
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
        let resource = RLIMIT_NOFILE
        #endif
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(resource, &limit)
    }
}
