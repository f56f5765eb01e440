"""Fixtures: the built server, the real qdrant-client connected to it, and raw HTTP.

QUIVER_TEST_AGAINST=memory points the `client` fixture at the client's own local mode instead; that is how
test_client_sequence.py itself is checked. Tests that need a server are then skipped.
"""

import itertools
import os

import httpx
import pytest
from qdrant_client import QdrantClient

from answer_schema import Watch
from quiver_server import QuiverServer

AGAINST_MEMORY = os.environ.get("QUIVER_TEST_AGAINST") == "memory"
names = itertools.count(1)
watch = Watch().install()


@pytest.fixture(autouse=True)
def answers_follow_the_schema():
    """Whatever a test asks, every answer it gets has the form Qdrant documents."""
    yield
    violations = watch.taken()
    assert not violations, "\n".join(violations[:5])


def pytest_terminal_summary(terminalreporter):
    if not AGAINST_MEMORY:
        terminalreporter.write_line(watch.summary())


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    if AGAINST_MEMORY:
        pytest.skip("QUIVER_TEST_AGAINST=memory: there is no server")
    with QuiverServer(tmp_path_factory.mktemp("quiver") / "storage") as running:
        yield running


@pytest.fixture(scope="session")
def client(request):
    if AGAINST_MEMORY:
        yield QdrantClient(":memory:")
        return
    connected = QdrantClient(url=request.getfixturevalue("server").url, timeout=60)
    yield connected
    connected.close()


@pytest.fixture
def collection(client):
    """A collection name of the test's own; whatever the test made under it is deleted afterwards."""
    name = f"test_{next(names)}"
    yield name
    client.delete_collection(name)


class RawHTTP:
    """Requests as bytes on the wire, for what no client would send."""

    def __init__(self, url):
        self.session = httpx.Client(base_url=url, timeout=60, trust_env=False)

    def __call__(self, method, path, body=None, *, content=None):
        if content is None and body is None:
            return self.session.request(method, path)
        headers = {"Content-Type": "application/json"}
        if content is None:
            return self.session.request(method, path, json=body, headers=headers)
        return self.session.request(method, path, content=content, headers=headers)

    def result(self, method, path, body=None):
        answer = self(method, path, body)
        assert answer.status_code == 200, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()["result"]


@pytest.fixture(scope="session")
def http(server):
    raw = RawHTTP(server.url)
    yield raw
    raw.session.close()
