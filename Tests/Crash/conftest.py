"""A server that is ended with the test, whatever became of either."""

import pytest

from quiver_server import QuiverServer


@pytest.fixture
def make_server():
    made = []

    def make(storage):
        made.append(QuiverServer(storage))
        return made[-1]

    yield make
    for server in made:
        server.kill()
