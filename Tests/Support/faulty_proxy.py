"""A server between two others that hands requests on, and can refuse, delay or change some of them."""

import http.client
import http.server
import threading
import urllib.parse


class FaultyProxy:
    """`meddle(method, path, body)` answers None to hand a request on, bytes to hand on another body, or
    (status, headers, body) to answer itself."""

    def __init__(self, url, meddle):
        address = urllib.parse.urlsplit(url)
        proxy = self
        self.meddle = meddle
        self.seen = 0

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                proxy.seen += 1
                verdict = proxy.meddle(self.command, self.path, body)
                if isinstance(verdict, tuple):
                    status, headers, answer = verdict
                else:
                    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
                    try:
                        connection.request(self.command, self.path, body if verdict is None else verdict,
                                           {"content-type": "application/json"})
                        response = connection.getresponse()
                        status, headers, answer = response.status, {}, response.read()
                    finally:
                        connection.close()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = handle_any

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
