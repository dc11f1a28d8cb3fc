"""Adapters as files, for the tests of the checker."""

from __future__ import annotations

import pytest

from command_line import PORT


@pytest.fixture
def module(tmp_path):
    """Write an adapter and return its path."""

    def write(text):
        path = tmp_path / "my_adapter.py"
        path.write_text(text)
        return str(path)

    return write


@pytest.fixture
def port(tmp_path):
    """Write a port of Adam, with defaults and a line of its own, and return its path."""

    def write(name="port", *, rate=0.001, beta1=0.9, epsilon=1e-8, hat="", head=""):
        path = tmp_path / f"{name}.py"
        path.write_text(PORT.format(rate=rate, beta1=beta1, epsilon=epsilon, hat=hat, head=head))
        return str(path)

    return write
