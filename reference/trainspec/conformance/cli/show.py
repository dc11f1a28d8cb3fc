"""``trainspec show``: a technique, a case or a variant, on the terminal."""

from __future__ import annotations

import click

from trainspec.conformance.basics.names import CaseInType, Offering
from trainspec.conformance.cases.golden import find_techniques
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.cli.options import make_console
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.reporting.terminal_page import print_case, print_form, print_page


@click.command("show")
@click.argument("what")
def command(what: str) -> None:
    """Show a technique, a case or a variant.

    \b
    trainspec show adam                       the page
    trainspec show adam/first-step            a case, with its numbers
    trainspec show adam:eps-hat               a variant
    trainspec show adam:eps-hat+amsgrad       several together
    """  # noqa: D301
    out = make_console()
    offering = Offering.parse(what)
    if offering.form:
        (technique, *_) = find_techniques([offering.operation])
        print_form(out, load_page(technique), offering.form)
    elif CaseInType.parse(what).case and what not in find_techniques():
        (case,) = load_cases(ids=[what])
        print_case(out, case)
    else:
        (technique, *_) = find_techniques([what])
        print_page(out, load_page(technique))
