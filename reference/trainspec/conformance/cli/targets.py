"""The words of the command line that say what is to be checked."""

from __future__ import annotations

import ast
import json
from collections.abc import Sequence
from typing import Any

import click

from trainspec.conformance.implementations.objects import ObjectTarget, names_object
from trainspec.conformance.implementations.target import split_target


def choose_target(
    words: Sequence[str], operation: str, fixed: Sequence[str], names: Sequence[str]
) -> list[str]:
    """What the command line names, an object with what is said of it.

    Raises click.UsageError where something is said of what is no object.
    """
    target = split_target(words[0]) if len(words) == 1 else list(words)
    if len(target) == 1 and names_object(target[0]):
        given = {name: read_value(value) for name, value in map(_split_pair, fixed)}
        named = dict(map(_split_pair, names))
        return [ObjectTarget(target[0], operation, given, named).pack()]
    if operation or fixed or names:
        raise click.UsageError("--as, --set and --map are for an object, package.module:Name")
    return target


def _split_pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise click.UsageError(f"{text!r} must be NAME=VALUE")
    return name, value


def read_value(text: str) -> Any:
    """A value as it is written in Python: a number, True, a list, a string without quotes.

    Raises click.UsageError for one that has no meaning in another process, such as a set.
    """
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return text
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        raise click.UsageError(
            f"{text!r} must be a number, True, False, None, a text, or a list of those"
        ) from None
    return value
