"""A server between two others that hands requests on, and can refuse, delay or change some of them."""

import http.client
import urllib.parse

from json_server import JSONServer


class FaultyProxy(JSONServer):
    """`meddle(method, path, body)` answers None to hand a request on, bytes to hand on another body, or
    (status, headers, body) to answer itself."""

    def __init__(self, url, meddle):
        super().__init__()
        self.address = urllib.parse.urlsplit(url)
        self.meddle = meddle
        self.seen = 0

    def reply(self, method, path, body):
        self.seen += 1
        verdict = self.meddle(method, path, body)
        if isinstance(verdict, tuple):
            return verdict
        connection = http.client.HTTPConnection(self.address.hostname, self.address.port, timeout=60)
        try:
            connection.request(method, path, body if verdict is None else verdict, {"content-type": "application/json"})
            response = connection.getresponse()
            return response.status, {}, response.read()
        finally:
            connection.close()
