"""Servers that end with the test, and the command line tools as a person would run them."""

import os

import pytest

from command import Command
from quiver_server import QuiverServer


@pytest.fixture
def make_server(tmp_path):
    made = []

    def make(name, environment=None):
        made.append(QuiverServer(tmp_path / name, environment))
        made[-1].start()
        return made[-1]

    yield make
    for server in made:
        server.kill()


@pytest.fixture
def quiver(tmp_path):
    """Runs the executable, with state files of the test's own."""
    return Command({**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")})
