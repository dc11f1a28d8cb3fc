"""The command line: a module for each command, all in the group `main`."""

from trainspec.conformance.cli import (  # each registers its command
    adapters,
    certify,
    check,
    compare,
    identify,
    report,
    show,
)
from trainspec.conformance.cli.group import main

__all__ = ["adapters", "certify", "check", "compare", "identify", "main", "report", "show"]
