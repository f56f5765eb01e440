"""Where servers are tried on disks that fail: the library, a directory in memory, and the judgement of what is left."""

import itertools
import os
import random
import shutil
import tempfile
from pathlib import Path

import disk
from manifest import Verifier, leaks
from quiver_server import find_binary
from story import Server, check


class Workshop:
    def __init__(self, library, directory):
        self.library, self.directory = library, directory
        self.numbers = itertools.count()
        self.verifier = Verifier(find_binary())

    @classmethod
    def open(cls):
        """None without a C compiler. In memory where that is possible: nothing depends on what a real disk does."""
        shared = Path("/dev/shm")
        directory = tempfile.mkdtemp(prefix="quiver-disk-", dir=shared if os.access(shared, os.W_OK) else None)
        library = disk.build_library(directory)
        if library is None:
            shutil.rmtree(directory)
            return None
        return cls(library, Path(directory))

    def close(self):
        shutil.rmtree(self.directory, ignore_errors=True)

    def place(self):
        place = self.directory / f"case{next(self.numbers)}"
        (place / "storage").mkdir(parents=True)
        return place

    def judge_reopened(self, place, judge, context, seed, was_damaged=False):
        """A server on a sound disk finds what it may find, and leaves a clean directory. `judge` takes a connection,
        the context and a source of randomness. `was_damaged`: the catalogue."""
        server = Server(place / "storage")
        server.log = place / "reopened.log"
        try:
            server.start()
            found = judge(server.connect(), f"{context}: opened again", random.Random(seed))
            server.terminate()
        finally:
            server.kill()
        self.judge_directory(place / "storage", found, context, was_damaged)
        return found

    def judge_directory(self, storage, found, context, was_damaged=False):
        wrong = leaks(storage, len(found.collections), was_damaged)
        assert not wrong, f"{context}: {wrong}"
        complaint = self.verifier.complaint(storage)
        assert complaint is None, f"{context}: quiver verify says: {complaint}"


def one_of(allowed, searches=3):
    """Judges by `check`."""
    return lambda connection, context, draw: check(connection, allowed, context, draw, searches)
