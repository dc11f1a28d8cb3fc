"""Serving the site: to this machine, and to nobody else."""

from __future__ import annotations

import threading
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

pytest.importorskip("platformdirs")

from trainspec.conformance.basics.errors import UserError
from trainspec.conformance.site import serve
from trainspec.conformance.site.serve import find_site, start_server


@pytest.fixture
def server(tmp_path):
    (tmp_path / "index.html").write_text("<p>here</p>")
    (tmp_path / "figure.mjs").write_text("export {}")
    server = start_server(tmp_path, 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_files_are_served_on_the_loopback_address(server, capfd):
    assert server.server_address[0] == "127.0.0.1"
    address = f"http://127.0.0.1:{server.server_port}"
    assert urlopen(f"{address}/").read() == b"<p>here</p>"
    assert "javascript" in urlopen(f"{address}/figure.mjs").headers["Content-Type"]
    with pytest.raises(HTTPError) as caught:
        urlopen(f"{address}/../../etc/passwd")
    caught.value.close()
    assert capfd.readouterr().err == ""


def test_a_port_that_is_taken_is_one_line(server, tmp_path):
    with pytest.raises(UserError, match=r"--port \d+: .*--port 0"):
        start_server(tmp_path, server.server_port)


def test_the_site_is_built_once(tmp_path, monkeypatch):
    built = []

    def build(folder):
        built.append(folder)
        folder.mkdir(parents=True)
        (folder / "index.html").write_text("site")

    monkeypatch.setattr(serve, "user_cache_path", lambda name: tmp_path / "cache" / name)
    monkeypatch.setattr(serve, "build_site", build)
    assert find_site() == find_site()
    assert len(built) == 1
    monkeypatch.setattr(serve, "_find_last_change", lambda: 2.0**40)  # a page was changed since
    (tmp_path / "cache/trainspec/site/index.html").unlink()
    (tmp_path / "cache/trainspec/site").rmdir()
    find_site()
    assert len(built) == 2
