"""A storage directory belongs to one process at a time."""

from writers import Connection, create_collection


def test_a_second_process_is_refused(tmp_path, make_server):
    with make_server(tmp_path / "storage") as first:
        create_collection(Connection(first.port))
        second = make_server(tmp_path / "storage")
        second.log = tmp_path / "second.log"
        code = second.spawn().process.wait(30)
        text = second.log.read_text(errors="replace")
        assert code != 0, text
        assert code > 0, f"the second process died of signal {-code}:\n{text}"
        assert str(first.storage) in text or "another process" in text.lower(), \
            f"the message does not say that the directory is in use:\n{text}"
        assert Connection(first.port).call("GET", "/collections/crash")["points_count"] == 0


def test_the_directory_is_free_again_after_a_crash(tmp_path, make_server):
    server = make_server(tmp_path / "storage")
    server.start()
    server.kill()
    server.start()
    server.terminate()
