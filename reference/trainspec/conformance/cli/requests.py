"""``trainspec requests``: what an implementation on another machine is to answer."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from trainspec.conformance.basics.names import TYPE_NAMES
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.checking.declarations import as_declared
from trainspec.conformance.cli.options import (
    parse_variants,
    technique_option,
    types_option,
)
from trainspec.conformance.implementations.answer_file import write_requests


@click.command("requests")
@technique_option
@types_option
@click.option(
    "--variant",
    multiple=True,
    metavar="OPERATION=NAME",
    help="Pass the hyperparameters that only this variant has as well.",
)
def command(technique: Sequence[str], dtype: Sequence[str], variant: Sequence[str]) -> None:
    """Print every request as a JSON line, for a program that no checker can reach.

    \b
    trainspec requests -t adam > requests.jsonl
    ./my_program < requests.jsonl > answers.jsonl      on a cluster, a phone, a simulator
    trainspec judge answers.jsonl

    The lines are those that a program answers in `trainspec check -- PROGRAM`.
    """  # noqa: D301
    forms = parse_variants(variant)
    cases = [as_declared(case, forms.get(case.operation, "")) for case in load_cases(technique)]
    for line in write_requests(cases, dtype or TYPE_NAMES):
        sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()
