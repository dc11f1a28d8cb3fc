"""``trainspec judge``: the answers that a program gave on another machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import click

from trainspec.conformance.api import check
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.cli.options import (
    known_option,
    make_console,
    parse_variants,
    strict_option,
    variant_option,
)
from trainspec.conformance.implementations.answer_file import AnswerFile
from trainspec.conformance.implementations.known_failures import read_known_failures
from trainspec.conformance.reporting.records import to_json
from trainspec.conformance.reporting.report import choose_exit_status
from trainspec.conformance.reporting.terminal import print_report


@click.command("judge")
@click.argument("answers", type=click.File("rb"))
@variant_option
@strict_option
@known_option
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.pass_context
def command(
    ctx: click.Context,
    answers: BinaryIO,
    variant: Sequence[str],
    strict: bool,
    known: Path | None,
    as_json: bool,
) -> None:
    """Judge ANSWERS, the lines that answer those of `trainspec requests`; - is standard input.

    \b
    trainspec judge answers.jsonl
    ./my_program < requests.jsonl | trainspec judge -

    The verdict is that of `trainspec check`. Runs step by step and random draws are not asked so.

    Exit status: 0 conforms, 1 does not, 2 wrong usage, 3 answers are missing or malformed,
    4 nothing was checked.
    """  # noqa: D301
    cases = load_cases()
    name = str(getattr(answers, "name", "answers"))
    implementation: Any = AnswerFile(Path(name).name, answers, cases)
    offered = [case for case in cases if implementation.offers(case.operation)]
    checked = check(
        implementation,
        sorted({case.technique for case in offered}),
        cases=offered,
        forms=parse_variants(variant),
        known=read_known_failures(known) if known else {},
    )
    if as_json:
        click.echo(to_json(checked.report))
    else:
        results, diagnoses = checked.results, checked.diagnoses
        print_report(make_console(), implementation, results, diagnoses, [], strict=strict)
    for line in implementation.list_unanswered():
        click.echo(line, err=True)
    ctx.exit(choose_exit_status(checked.results, strict))
