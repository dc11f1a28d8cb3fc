"""``trainspec list`` and ``trainspec show``: what there is, on the terminal."""

from __future__ import annotations

import json

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from trainspec.conformance import cases, page
from trainspec.conformance.cli.group import console, main
from trainspec.conformance.files import page_file
from trainspec.conformance.implementations import shipped


@main.command("list")
@click.option("--cases", "with_cases", is_flag=True, help="Every case, with its level and reason.")
@click.option("--variants", "with_variants", is_flag=True, help="Every variant and named error.")
@click.option("--technique", "-t", multiple=True, help="Only this technique or folder.")
def list_(with_cases: bool, with_variants: bool, technique: tuple[str, ...]) -> None:
    """List techniques, their cases, their variants and errors, and the shipped adapters."""
    out = console()
    chosen = cases.resolve(technique)
    if with_cases and not with_variants:
        for case in cases.load(chosen):
            out.print(
                f"[bold]{case.id}[/bold] [dim]{case.level}, {', '.join(case.types)}[/dim]\n"
                f"    {escape(case.why)}",
                soft_wrap=True,
            )
        return
    if with_variants and with_cases:
        raise click.UsageError("--cases or --variants, not both")
    if with_variants:
        for name in chosen:
            spec = page.load(name)
            for edit in spec.variants.values():
                out.print(f"[bold]{spec.name}[/bold] variant {edit.name}", soft_wrap=True)
            for edit in spec.errors.values():
                out.print(
                    f"[bold]{spec.name}[/bold] error   {edit.name}: [dim]{escape(edit.text)}[/dim]",
                    soft_wrap=True,
                )
        return
    table = Table("technique", "operation", "cases", "variants", "errors")
    for name in chosen:
        spec = page.load(name)
        count = str(len(cases.load([name])))
        table.add_row(name, spec.name, count, str(len(spec.variants)), str(len(spec.errors)))
    out.print(table)
    out.print(f"shipped adapters: {', '.join(shipped())}")


@main.command()
@click.argument("what")
def show(what: str) -> None:
    """Show a technique, a case (adam/first-step) or a variant (adam:eps-hat, adam:a+b)."""
    out = console()
    if ":" in what:
        operation, _, form = what.partition(":")
        spec = page.load(cases.resolve([operation])[0])
        out.print(str(spec.whole_rule(form)), markup=False, highlight=False)
        for part in filter(None, form.split("+")):
            edit = spec.variants.get(part) or spec.errors[part]
            out.print(f"\n{edit.text.strip()}", markup=False, highlight=False)
    elif any(case.id == what for case in cases.load()):
        _show_case(out, cases.load(ids=[what])[0])
    else:
        (name, *_) = cases.resolve([what])
        spec = page.load(name)
        out.print(f"[bold]{spec.title}[/bold]  {page_file(name)}\n", soft_wrap=True)
        out.print(str(spec.rule), markup=False, highlight=False)
        table = Table("parameter", "default", "domain", "meaning")
        for parameter in spec.parameters.values():
            table.add_row(
                parameter.name, parameter.default, escape(parameter.domain), parameter.meaning
            )
        out.print(table)
        for clause in spec.clauses.values():
            out.print(f"[bold]{clause.id}[/bold] {escape(clause.text)}", soft_wrap=True)


def _show_case(out: Console, case: cases.Case) -> None:
    data = {
        "id": case.id,
        "level": case.level,
        "clauses": case.clauses,
        "why": case.why,
        "types": case.types,
        "hyperparameters": case.hyperparameters,
        "inputs": case.inputs,
        "expected": case.expected.tolist(),
        "tolerance": {kind: values.tolist() for kind, values in case.tolerance.items()},
    }
    for key, value in data.items():
        text = value if isinstance(value, str) else json.dumps(value)
        out.print(f"[bold]{key}[/bold]: {escape(text)}", soft_wrap=True, highlight=False)
