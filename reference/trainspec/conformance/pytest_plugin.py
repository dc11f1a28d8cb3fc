"""The cases as tests in anyone's own suite: ``pytest --trainspec my_adapter.py``.

The option takes what ``trainspec check`` takes: an adapter file, a shipped adapter, or a command
line in quotes. ``--trainspec-technique`` and ``--trainspec-dtype`` narrow the choice. pytest loads
this module in every run, so the checker is imported only where the option is used.
"""

from __future__ import annotations

import importlib

import pytest

from trainspec.conformance.basics.names import TYPE_NAMES


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("trainspec", "conformance to the training techniques' specification")
    group.addoption("--trainspec", metavar="ADAPTER", help="check this implementation")
    group.addoption("--trainspec-technique", action="append", default=[], metavar="NAME")
    group.addoption("--trainspec-dtype", action="append", default=[], choices=TYPE_NAMES)
    group.addoption("--trainspec-timeout", type=float, default=10.0, metavar="SECONDS")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add a test for every case and type that the adapter and the suite share.

    First of all, so that ``-k`` and the like choose among them as among all other tests.
    """
    target = config.getoption("--trainspec")
    if target is not None:
        module = importlib.import_module("trainspec.conformance.reporting.pytest_items")
        added = module.collect_items(session, target)
        items.extend(added)
        session.testscollected += len(added)
