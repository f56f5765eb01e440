"""Servers that are ended with the test, whatever became of either, and the workshop for bad disks."""

import pytest

import seeds
from quiver_server import QuiverServer
from workshop import Workshop


def pytest_report_header():
    return f"QUIVER_CRASH_SEED={seeds.CRASH} QUIVER_FAULT_SEED={seeds.FAULT} QUIVER_CUT_SEED={seeds.CUT}"


def pytest_terminal_summary(terminalreporter):
    for line in seeds.figures:
        terminalreporter.write_line(line)


@pytest.fixture
def make_server():
    made = []

    def make(storage):
        made.append(QuiverServer(storage))
        return made[-1]

    yield make
    for server in made:
        server.kill()


@pytest.fixture(scope="module")
def workshop():
    workshop = Workshop.open()
    if workshop is None:
        pytest.skip("there is no C compiler")
    yield workshop
    workshop.close()
