"""README.md does what it says: its snippets are taken out of it and run, and what it lists is complete."""

import os
import re
import shutil
import subprocess
import sys
import textwrap

import pytest

from conftest import AGAINST_MEMORY
from quiver_server import ROOT, find_binary

README = (ROOT / "README.md").read_text()
ADDRESS = "localhost:6333"


def section(title):
    """The text below a heading, up to the next one of its level."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL)
    assert found, f"README.md has no section {title!r}"
    return found[1]


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def here(snippet, server):
    """The snippet with the address of the server under test."""
    assert ADDRESS in snippet
    return snippet.replace(ADDRESS, f"127.0.0.1:{server.port}")


def run(command, **options):
    """The output; the loopback address needs no proxy of the environment."""
    environment = os.environ | {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    ended = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, **options)
    assert ended.returncode == 0, f"exit {ended.returncode}\n{ended.stdout}{ended.stderr}"
    return ended.stdout


@pytest.mark.parametrize("title, collection", [
    ("Use it from Python", "products"), ("Search by words and by meaning", "notes")])
def test_python_snippet(server, client, title, collection):
    text = section(title)
    [script], [output] = blocks(text, "python"), blocks(text, "text")
    try:
        assert run([sys.executable, "-c", here(script, server)]) == output
    finally:
        client.delete_collection(collection)


def test_curl_snippet(server):
    if not shutil.which("curl"):
        pytest.skip("there is no curl here")
    [script] = blocks(section("Use it with curl"), "sh")
    # An error answer has to end the script.
    script = re.sub(r"^curl ", r"curl -sS --fail-with-body -w '\\n' ", here(script, server), flags=re.MULTILINE)
    answers = run(["bash", "-eu", "-c", script]).splitlines()
    assert len(answers) == script.count("curl -sS")
    assert all('"status":"ok"' in answer for answer in answers), answers
    assert '"title":"Middlemarch"' in answers[3] and '"title":"Emma"' not in answers[3]


def test_import_command(server, client):
    [command] = blocks(section("Load data"), "sh")
    command = here(command, server).replace(".build/release/quiver", str(find_binary()))
    try:
        run(["bash", "-eu", "-c", command], cwd=ROOT)
        assert client.count("products").count == 5000
    finally:
        client.delete_collection("products")


def test_swift_snippet_is_the_one_that_is_compiled():
    tested = (ROOT / "Tests/QuiverTests/ReadmeExampleTests.swift").read_text()
    body = re.search(r"^ *// README: begin\n(.*?)^ *// README: end$", tested, re.MULTILINE | re.DOTALL)[1]
    snippet = blocks(section("Use it from Swift"), "swift")[0]
    assert snippet == "import Quiver\n\n" + textwrap.dedent(body)


@pytest.mark.skipif(AGAINST_MEMORY, reason="needs the binary")
def test_configuration_keys():
    """Every key that changes something stands in the README with its default; those it names exist."""
    listing = run([str(find_binary()), "serve", "--print-config"], cwd=ROOT / "Tests")
    defaults, idle = {}, set()
    for line in listing.splitlines():
        key, value, about = re.fullmatch(r"(\S+): (.*)  # (.*) \[default\]", line).groups()
        if re.search("[Nn]ot (supported|served) yet|^No effect", about):
            idle.add(key)
        else:
            defaults[key] = value
    text = section("Configuration")
    rows = dict(re.findall(r"^\| `([a-z0-9_.]+)` \| (\S+) \|", text, re.MULTILINE))
    named = set(re.findall(r"`([a-z]\w*(?:\.\w+)+)`", text)) - {"a.b"}
    assert set(defaults) <= set(rows) | named, "keys that README.md does not name"
    assert named <= set(defaults) | idle, "keys that README.md invents"
    for key, default in rows.items():
        assert default.strip("`") == defaults[key].replace("null", "none"), key
