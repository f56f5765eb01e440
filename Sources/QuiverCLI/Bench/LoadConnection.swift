#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A blocking HTTP/1.1 connection that sends prepared bytes and reads answers: one system call for each direction, when
/// the socket takes and gives whole messages.
final class LoadConnection {
    /// What went wrong below HTTP.
    enum Failure: String, Error {
        case connect, send, receive, timeout, malformed
    }

    private let address: ServerAddress
    private let timeoutSeconds: Int
    private var descriptor: Int32 = -1
    private var buffer = [UInt8](repeating: 0, count: 64 << 10)
    private var filled = 0

    init(_ address: ServerAddress, timeoutSeconds: Int) {
        self.address = address
        self.timeoutSeconds = timeoutSeconds
    }

    deinit { disconnect() }

    /// Sends a whole request, `range` of `bytes`, and waits for the whole answer; connects first when there is no
    /// connection.
    /// - Returns: the status code.
    func exchange(_ bytes: [UInt8], _ range: Range<Int>) throws(Failure) -> Int {
        if descriptor < 0 { try connect() }
        do throws(Failure) {
            if let failure = bytes.withUnsafeBytes({ send(UnsafeRawBufferPointer(rebasing: $0[range])) }) {
                throw failure
            }
            return try receiveAnswer()
        } catch {
            disconnect()
            throw error
        }
    }

    /// The body of the last answer, if it was not chunked.
    private(set) var lastBody: Range<Int> = 0..<0

    func withLastBody<Result>(_ body: (ArraySlice<UInt8>) -> Result) -> Result { body(buffer[lastBody]) }

    func disconnect() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
        filled = 0
    }

    // MARK: Socket

    private func connect() throws(Failure) {
        var hints = addrinfo()
        #if canImport(Glibc)
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
        hints.ai_socktype = SOCK_STREAM
        #endif
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(address.host, String(address.port), &hints, &list) == 0 else { throw .connect }
        defer { freeaddrinfo(list) }
        var next = list
        while let entry = next?.pointee {
            let candidate = socket(entry.ai_family, entry.ai_socktype, entry.ai_protocol)
            if candidate >= 0 {
                setOptions(candidate)
                if connectSocket(candidate, entry.ai_addr, entry.ai_addrlen) == 0 {
                    descriptor = candidate
                    filled = 0
                    return
                }
                close(candidate)
            }
            next = entry.ai_next
        }
        throw .connect
    }

    private func setOptions(_ socket: Int32) {
        var on: Int32 = 1
        setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout.size(ofValue: on)))
        var limit = timeval(tv_sec: timeoutSeconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout.size(ofValue: limit))
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
    }

    private func send(_ bytes: UnsafeRawBufferPointer) -> Failure? {
        #if canImport(Glibc)
        let flags = Int32(MSG_NOSIGNAL)
        #else
        let flags: Int32 = 0
        #endif
        var sent = 0
        while sent < bytes.count {
            let count = sendBytes(descriptor, bytes.baseAddress.map { $0 + sent }, bytes.count - sent, flags)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return errno == EAGAIN ? .timeout : .send }
            sent += count
        }
        return nil
    }

    /// Reads more behind what is there.
    private func receive() throws(Failure) {
        if filled == buffer.count { buffer += [UInt8](repeating: 0, count: buffer.count) }
        while true {
            let count = buffer.withUnsafeMutableBytes { bytes in
                recv(descriptor, bytes.baseAddress.map { $0 + filled }, bytes.count - filled, 0)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw count < 0 && errno == EAGAIN ? .timeout : .receive }
            filled += count
            return
        }
    }

    // MARK: Answers

    private func receiveAnswer() throws(Failure) -> Int {
        filled = 0
        while true {
            var head = ResponseHead()
            var searched = 0
            while true {
                try receive()
                let read = buffer.withUnsafeBytes { bytes in
                    ResponseHead.read(UnsafeRawBufferPointer(rebasing: bytes[..<filled]), searched: searched)
                }
                if let read {
                    head = read
                    break
                }
                searched = filled
                guard filled < 1 << 20 else { throw .malformed }
            }
            guard head.status > 0 else { throw .malformed }
            // 1xx says that the answer is still to come.
            if (100..<200).contains(head.status) {
                buffer.removeSubrange(0..<head.byteCount)
                filled -= head.byteCount
                buffer += [UInt8](repeating: 0, count: head.byteCount)
                continue
            }
            if head.isChunked {
                try receiveChunks(from: head.byteCount)
            } else if let length = head.contentLength {
                while filled < head.byteCount + length { try receive() }
                lastBody = head.byteCount..<head.byteCount + length
            } else {
                throw .malformed
            }
            if head.closes { disconnect() }
            return head.status
        }
    }

    /// Reads past the last chunk (RFC 9112, section 7.1); the content is not kept in one piece.
    private func receiveChunks(from start: Int) throws(Failure) {
        lastBody = 0..<0
        var position = start
        while true {
            var line: Int?
            while line == nil {
                line = buffer[position..<filled].firstIndex(of: UInt8(ascii: "\n"))
                if line == nil { try receive() }
            }
            let end = line ?? position
            let digits = buffer[position..<end].prefix { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: ";") }
            guard let size = Int(String(decoding: digits, as: UTF8.self), radix: 16), size >= 0 else {
                throw .malformed
            }
            position = end + 1 + size + 2
            while filled < position { try receive() }
            if size == 0 { return }
        }
    }
}

/// `connect` and `send` under names that the methods of `LoadConnection` do not hide.
private let connectSocket: @Sendable (Int32, UnsafePointer<sockaddr>?, socklen_t) -> Int32 = { connect($0, $1, $2) }
private let sendBytes: @Sendable (Int32, UnsafeRawPointer?, Int, Int32) -> Int = { send($0, $1, $2, $3) }
