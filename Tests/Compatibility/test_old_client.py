"""qdrant-client 1.7, from before /points/query, run as a program of its own (old_client.py).

QUIVER_OLD_CLIENT_PYTHON names a Python that has it; tools/test makes one in .build/venv-old-client.
"""

import os
import subprocess
from pathlib import Path

import pytest

from quiver_server import ROOT, QuiverServer

PYTHON = Path(os.environ.get("QUIVER_OLD_CLIENT_PYTHON") or ROOT / ".build/venv-old-client/bin/python")


def test_sequence_of_an_old_client(tmp_path):
    if not PYTHON.is_file():
        pytest.skip(f"there is no {PYTHON}: tools/test makes it")
    with QuiverServer(tmp_path / "storage") as server:
        run = subprocess.run(
            [str(PYTHON), "-B", str(Path(__file__).with_name("old_client.py")), server.url], text=True, timeout=300,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, "PYTHONPATH": str(ROOT / "Tests/Support")})
    print(run.stdout)
    assert run.returncode == 0, run.stdout[-4000:]
