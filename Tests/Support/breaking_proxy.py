"""A server between two others that hands bytes on as they are, and breaks some requests on their way."""

import http.client
import random
import socket
import ssl
import threading
import time
import urllib.parse
from collections import Counter

from loopback_server import LoopbackServer

REFUSALS = {500: b"InternalError", 503: b"SlowDown", 429: b"SlowDown", 403: b"AccessDenied"}


class BreakingProxy(LoopbackServer):
    """`fault(method, path, number)` says what becomes of the `number`-th request (from 1 on) of this method and path:

    None            handed on
    (status, after) answered with this status and an error of S3; `after` seconds stand in Retry-After unless None
    "hang up"       the connection ends in the middle of the request's body, before it is handed on
    "swallow"       handed on, and the connection ends without an answer
    "cut"           handed on, and the connection ends in the middle of the answer's body
    "delay"         handed on after a moment

    Called by several threads. `seen` counts requests by (method, path), `faults` what became of them. With `certificate`,
    files of a certificate and its key, it speaks TLS."""

    def __init__(self, url, fault=lambda *_: None, certificate=None):
        self.address = urllib.parse.urlsplit(url)
        self.fault = fault
        self.seen = Counter()
        self.faults = Counter()
        self.lock = threading.Lock()
        super().__init__()
        self.server.handle_error = lambda *_: None
        if certificate:
            self.scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)

    def requests(self, method=None):
        return sum(count for (one, _), count in self.seen.items() if method in (None, one))

    def handle(self, request):
        with self.lock:
            self.seen[request.command, request.path] += 1
            number = self.seen[request.command, request.path]
        fault = self.fault(request.command, request.path, number)
        with self.lock:
            self.faults[fault] += 1
        if fault == "hang up":
            self.body(request, share=0.5)
            return self.hang_up(request)
        body = self.body(request)
        if isinstance(fault, tuple):
            return self.refuse(request, *fault)
        if fault == "delay":
            time.sleep(0.2)
        status, fields, answer = self.hand_on(request, body)
        if fault == "swallow":
            return self.hang_up(request)
        request.send_response(status)
        for name, value in fields:
            request.send_header(name, value)
        request.end_headers()
        if request.command == "HEAD":
            return None
        if fault == "cut":
            request.wfile.write(answer[:len(answer) // 2])
            return self.hang_up(request)
        request.wfile.write(answer)
        return None

    @staticmethod
    def body(request, share=1.0):
        """All of it, or a share: of its length, or the first of its chunks."""
        if request.headers.get("transfer-encoding", "").lower() != "chunked":
            return request.rfile.read(int(share * int(request.headers.get("content-length") or 0)))
        body = b""
        while count := int(request.rfile.readline().split(b";")[0], 16):
            body += request.rfile.read(count)
            if share < 1:
                return body
            request.rfile.readline()
        request.rfile.readline()
        return body

    def hand_on(self, request, body):
        """With the header `host` that was signed."""
        connection = http.client.HTTPConnection(self.address.hostname, self.address.port, timeout=60)
        try:
            connection.putrequest(request.command, request.path, skip_host=True, skip_accept_encoding=True)
            for name, value in request.headers.items():
                if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                    connection.putheader(name, value)
            if body or request.command in ("PUT", "POST"):
                connection.putheader("content-length", str(len(body)))
            connection.endheaders(body if body else None)
            response = connection.getresponse()
            answer = response.read()
            fields = [(name, value) for name, value in response.getheaders()
                      if name.lower() not in ("connection", "transfer-encoding", "content-length", "server", "date")]
            length = response.getheader("content-length") if request.command == "HEAD" else str(len(answer))
            if length is not None:
                fields.append(("content-length", length))
            return response.status, fields, answer
        finally:
            connection.close()

    @staticmethod
    def refuse(request, status, after):
        code = REFUSALS[status]
        body = b"" if request.command == "HEAD" else (
            b"<?xml version=\"1.0\"?><Error><Code>" + code + b"</Code><Message>by the proxy</Message></Error>")
        request.send_response(status)
        request.send_header("content-type", "application/xml")
        request.send_header("content-length", str(len(body)))
        if after is not None:
            request.send_header("retry-after", str(after))
        request.end_headers()
        request.wfile.write(body)

    @staticmethod
    def hang_up(request):
        request.wfile.flush()
        request.close_connection = True
        request.connection.shutdown(socket.SHUT_RDWR)


def drawn_faults(seed, share, most_in_a_row=4):
    """A fault for `share` of all requests, by method, path and number alone, so that a seed gives the same again; the
    same request is let through after `most_in_a_row` of them."""
    kinds = ["hang up", "swallow", "cut", "delay", (500, None), (503, None), (503, 1), (429, None), (429, 0)]

    def fault(method, path, number):
        draw = random.Random(f"{seed} {method} {path} {number}")
        if number % (most_in_a_row + 1) == 0 or draw.random() >= share:
            return None
        return draw.choice(kinds)

    return fault
