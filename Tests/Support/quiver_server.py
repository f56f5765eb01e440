"""Starts and ends the built `quiver` server as a person would: a process, a port, a storage directory."""

import itertools
import os
import random
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLE_VECTORS = ROOT / "Tests/Data/sample5k.f16.npy"
SAMPLE_PAYLOADS = ROOT / "Tests/Data/sample5k.jsonl"

# No proxy of the environment may come between a test and the loopback address.
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def find_binary():
    """The executable under test: $QUIVER_BINARY, else the release build, else the debug build."""
    named = os.environ.get("QUIVER_BINARY")
    candidates = [Path(named)] if named else [ROOT / ".build/release/quiver", ROOT / ".build/debug/quiver"]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    pytest.exit(f"no quiver binary at {', '.join(map(str, candidates))}: build it, or set QUIVER_BINARY", returncode=2)


# Below the ports that the system gives to clients, which may come between the choice and its use; and one after the
# other, so that no two servers of this process have the same.
_ports = itertools.count(random.randrange(10_000))


def free_port():
    while True:
        port = 12_000 + next(_ports) % 20_000
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


class QuiverServer:
    """One server process on a storage directory that outlives it, so that it can be started again."""

    def __init__(self, storage, environment=None):
        self.storage = Path(storage)
        self.environment = environment or {}
        self.port = free_port()
        self.log = self.storage.parent / f"{self.storage.name}.log"
        self.process = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def spawn(self):
        """Starts the process without waiting for it."""
        environment = {name: value for name, value in os.environ.items()
                       if not name.upper().startswith(("QUIVER__", "QDRANT__"))}
        environment |= {
            "QUIVER__SERVICE__HOST": "127.0.0.1",
            "QUIVER__SERVICE__HTTP_PORT": str(self.port),
            "QUIVER__STORAGE__STORAGE_PATH": str(self.storage),
        } | self.environment
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [str(find_binary()), "serve"], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return self

    def start(self, timeout_seconds=60):
        """Starts the process and waits for /readyz. Returns the seconds that took."""
        self.spawn()
        began = time.monotonic()
        while time.monotonic() - began < timeout_seconds:
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with code {self.process.returncode} at start\n{self.log_tail()}")
            if self.is_ready():
                return time.monotonic() - began
            time.sleep(0.02)
        self.kill()
        raise AssertionError(f"the server was not ready after {timeout_seconds} s\n{self.log_tail()}")

    def is_ready(self):
        try:
            with direct.open(self.url + "/readyz", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def terminate(self, timeout_seconds=30):
        """Ends the process by SIGTERM; it has to drain and end with code 0."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"SIGTERM did not end the server in {timeout_seconds} s\n{self.log_tail()}") from None
        assert code == 0, f"after SIGTERM the server ended with code {code}\n{self.log_tail()}"

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def restart(self):
        self.terminate()
        return self.start()

    def log_tail(self, lines=40):
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "the end of its log:\n" + "\n".join(text.splitlines()[-lines:])

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, failure, *_):
        """A test that failed is not also told how its server ended."""
        if failure is not None:
            self.kill()
        elif self.process.poll() is None:
            self.terminate()
