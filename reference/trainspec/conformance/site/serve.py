"""Serving the site to this machine only: `folder -> a server on the loopback address`."""

from __future__ import annotations

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from trainspec.conformance.basics.errors import UserError
from trainspec.conformance.basics.paths import PACKAGE, find_folder
from trainspec.conformance.site.build import build_site

LOOPBACK = "127.0.0.1"
#: The file of a built site that says when it was built.
_BUILT = "index.html"


class _Quiet(SimpleHTTPRequestHandler):
    """Serves files, and writes nothing about it to the terminal."""

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""


def find_site() -> Path:
    """The folder of the site in the user's cache; built where there is none, or an old one."""
    folder = Path(user_cache_path("trainspec")) / "site"
    built = folder / _BUILT
    if not built.exists() or built.stat().st_mtime < _find_last_change():
        folder.parent.mkdir(parents=True, exist_ok=True)
        build_site(folder)
    return folder


def _find_last_change() -> float:
    """When the newest file was written that the site is made of."""
    folders = (find_folder("spec"), find_folder("golden"), PACKAGE)
    files = (path for folder in folders for path in folder.rglob("*.*"))
    return max(path.stat().st_mtime for path in files if path.suffix != ".pyc")


def start_server(folder: Path, port: int) -> ThreadingHTTPServer:
    """A server of that folder on the loopback address; port 0 takes a free one.

    Raises `UserError` where the port is taken or not allowed.
    """
    handler = partial(_Quiet, directory=str(folder))
    try:
        return ThreadingHTTPServer((LOOPBACK, port), handler)
    except OSError as error:
        raise UserError(f"--port {port}: {error.strerror}; --port 0 takes a free one") from None
