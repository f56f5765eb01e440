"""An HTTP server that answers JSON."""

from loopback_server import LoopbackServer


class JSONServer(LoopbackServer):
    """Subclasses say what is answered: `reply(method, path, body)` returns status, fields and the bytes of the answer.
    Called by several threads."""

    def handle(self, request):
        body = request.rfile.read(int(request.headers.get("content-length") or 0))
        status, fields, answer = self.reply(request.command, request.path, body)
        request.send_response(status)
        for name, value in fields.items():
            request.send_header(name, value)
        request.send_header("content-type", "application/json")
        request.send_header("content-length", str(len(answer)))
        request.end_headers()
        request.wfile.write(answer)
