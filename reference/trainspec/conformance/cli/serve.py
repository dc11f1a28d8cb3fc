"""``trainspec serve``: a Python adapter as a program."""

from __future__ import annotations

import sys

import click

from trainspec.conformance.implementations.implementation import AdapterError
from trainspec.conformance.implementations.python_module import PythonModule
from trainspec.conformance.implementations.serve import serve_requests
from trainspec.conformance.implementations.target import load_implementation


@click.command("serve")
@click.argument("target", nargs=1)
def command(target: str) -> None:
    """Answer JSON lines for a Python adapter, as a program in any language would.

    \b
    trainspec check -- trainspec serve my_adapter.py
    """  # noqa: D301
    adapter = load_implementation([target], in_process=True)
    if not isinstance(adapter, PythonModule):
        adapter.close()
        raise AdapterError(f"{target!r} is a program; only Python adapters can be served")
    serve_requests(adapter, sys.stdin.buffer, sys.stdout.buffer)
