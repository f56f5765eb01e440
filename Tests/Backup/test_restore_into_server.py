"""`quiver backup restore --server`: collections go into a server that runs, one after the other."""

import json
import os
import signal
import subprocess
import threading
import time

import pytest

from backup_tool import Failed, call, event, fill, image, make_collection, point, quiver, seeded, upsert
from breaking_proxy import BreakingProxy
from quiver_server import find_binary


def alias(server, name, collection):
    call(server, "POST", "/collections/aliases",
         {"actions": [{"create_alias": {"alias_name": name, "collection_name": collection}}]})


def aliases(server):
    return {one["alias_name"]: one["collection_name"] for one in call(server, "GET", "/aliases")["aliases"]}


@pytest.fixture
def saved(tmp_path, make_server):
    """A repository with two backups, a moment between them, and what the collections were then."""
    generator = seeded("restore into a server")
    server = make_server(tmp_path / "storage")
    server.start()
    for name in ("a", "b c"):
        make_collection(server, name.replace(" ", "%20"))
    path = "b%20c"
    fill(server, "a", 1500, generator)
    fill(server, path, 300, generator)
    alias(server, "x", "a")
    arguments = ["-r", tmp_path / "repository"]
    quiver("backup", "create", *arguments, "--server", server.url)
    images = [image(server, "a")]
    upsert(server, "a", [point(generator, identifier) for identifier in range(40)])
    time.sleep(0.005)
    moment = time.time_ns() // 1000
    time.sleep(0.005)
    images.append(image(server, "a"))
    upsert(server, "a", [point(generator, identifier) for identifier in range(40, 60)])
    quiver("backup", "create", *arguments, "--server", server.url)
    images.append(image(server, "a"))
    wanted = {"a": images, path: image(server, path)}
    server.terminate()
    return arguments, wanted, moment, path


@pytest.fixture
def target(tmp_path, make_server):
    """An empty server, and a directory for what is needed in passing, which is to be empty again."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    server = make_server(tmp_path / "target")
    server.start()
    return server, scratch


def refused(code, *arguments, **options):
    with pytest.raises(Failed) as failure:
        quiver("backup", "restore", *arguments, **options)
    assert failure.value.code == code, failure.value.text
    return failure.value.text


def test_whole_renamed_and_to_a_moment(saved, target):
    arguments, wanted, moment, path = saved
    server, scratch = target
    into = [*arguments, "--server", server.url, "--scratch", scratch]
    events = quiver("backup", "restore", *into)
    assert [one["as"] for one in events if one["event"] == "restored"] == ["a", "b c"]
    assert image(server, "a") == wanted["a"][2]
    assert image(server, path) == wanted[path]
    assert aliases(server) == {"x": "a"}

    # What is there is refused before anything is sent: not even the first one that is not there is made.
    call(server, "DELETE", "/collections/a")
    text = refused(73, *into)
    assert "b c" in text and "--replace" in text
    assert [one["name"] for one in call(server, "GET", "/collections")["collections"]] == ["b c"]

    # Under another name, to a moment between the backups, without the aliases.
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment // 1_000_000)) + f".{moment % 1_000_000:06}Z"
    quiver("backup", "restore", *into, "--to", stamp, "--collection", "a=then")
    assert image(server, "then") == wanted["a"][1]
    assert aliases(server) == {}
    # An archive sent to an alias would replace what is behind it.
    alias(server, "hidden", "then")
    assert "alias" in refused(73, *into, "--collection", "a=hidden", "--replace")
    assert image(server, "then") == wanted["a"][1]

    first = event(quiver("backup", "list", *arguments)[:1], "backup")["id"]
    quiver("backup", "restore", *into, "--backup", first, "--collection", "a=then", "--replace")
    assert image(server, "then") == wanted["a"][0]
    # It goes on.
    call(server, "POST", "/collections/then/points/delete?wait=true", {"points": [1]})
    server.restart()
    assert len(image(server, "then")["points"]) == 1499
    assert list(scratch.iterdir()) == []


def test_keys(tmp_path, make_server, saved):
    arguments, wanted, _, _ = saved
    server = make_server(tmp_path / "target", {"QUIVER__SERVICE__API_KEY": "right", "QUIVER__SERVICE__READ_ONLY_API_KEY": "read"})
    server.start()
    into = [*arguments, "--server", server.url]
    for key in ("wrong", "read", ""):
        text = refused(77, *into, "--collection", "a", environment={"QUIVER_API_KEY": key})
        assert server.url in text and "40" in text, text
    quiver("backup", "restore", *into, "--collection", "a", environment={"QUIVER_API_KEY": "right"})
    quiver("backup", "restore", *into, "--collection", "a", "--replace", "--api-key", "right")


def test_a_server_that_dies_or_is_cut_off_in_the_middle(saved, target):
    arguments, wanted, _, path = saved
    server, scratch = target
    first = event(quiver("backup", "list", *arguments)[:1], "backup")["id"]
    quiver("backup", "restore", *arguments, "--server", server.url, "--backup", first)
    assert image(server, "a") == wanted["a"][0]

    def cut(method, url, _):
        return "hang up" if method == "POST" and "/a/snapshots/upload" in url else None

    with BreakingProxy(server.url, cut) as proxy:
        text = refused(69, *arguments, "--server", proxy.url, "--replace", "--scratch", scratch)
        assert "nothing was restored before" in text and "not restored: a, b c" in text
    assert image(server, "a") == wanted["a"][0]

    # The process is killed while the archive comes: at the first request for it.
    def die(method, url, _):
        if method == "POST" and "/snapshots/upload" in url:
            server.kill()
        return None

    with BreakingProxy(server.url, die) as proxy:
        refused(69, *arguments, "--server", proxy.url, "--replace", "--scratch", scratch)
    assert list(scratch.iterdir()) == []
    server.start()
    assert image(server, "a") == wanted["a"][0] and image(server, path) == wanted[path]
    quiver("backup", "restore", *arguments, "--server", server.url, "--replace")
    assert image(server, "a") == wanted["a"][2]

    # Too much to do for a moment: waited for.
    with BreakingProxy(server.url, lambda method, url, number: (
            (503, None) if "/snapshots/upload" in url and number < 3 else None)) as proxy:
        quiver("backup", "restore", *arguments, "--server", proxy.url, "--replace", "--collection", "a")
        assert proxy.faults[503, None] == 2


def test_ctrl_c_leaves_nothing(saved, target):
    arguments, wanted, _, _ = saved
    server, scratch = target
    # Busy for as long as it takes to be interrupted.
    waiting = threading.Event()

    def busy(method, url, _):
        if "/snapshots/upload" not in url:
            return None
        waiting.set()
        return (503, None)

    with BreakingProxy(server.url, busy) as proxy:
        process = subprocess.Popen(
            [str(find_binary()), "backup", "restore", *map(str, arguments), "--server", proxy.url, "--scratch",
             str(scratch), "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={name: value for name, value in os.environ.items() if not name.startswith("QUIVER_")})
        assert waiting.wait(60)
        assert list(scratch.iterdir())
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "interrupted" in err
    assert not [line for line in out.splitlines() if json.loads(line)["event"] == "restored"]
    assert list(scratch.iterdir()) == []
    assert call(server, "GET", "/collections")["collections"] == []
