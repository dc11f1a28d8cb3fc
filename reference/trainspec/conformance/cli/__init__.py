"""The command line: a module for each command, of the same name, in the group `main`."""

from trainspec.conformance.cli.group import main

__all__ = ["main"]
