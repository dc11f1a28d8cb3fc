"""What was found, for people and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import asdict
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from trainspec import __version__
from trainspec.conformance.basics.tensors import spell_number
from trainspec.conformance.effects.judge import JudgedClaim, JudgedEffect, Records

FORMAT, FORMAT_VERSION = "trainspec-effects", 1
_MARKS = {True: "[green]✓[/green]", False: "[red]✗[/red]", None: "[dim]-[/dim]"}

OTHER_IMAGES = "the claims are about MNIST"
#: The name of the reference's adapter.
REFERENCE = "trainspec reference"


def print_effects(console: Console, name: str, found: Sequence[JudgedEffect]) -> None:
    """Print a table for every effect, and one closing line."""
    for effect in found:
        console.print(_make_table(effect))
        if effect.lacking and effect.used:
            names = ", ".join(effect.lacking)
            console.print(f"[dim]the reference's own: {escape(names)}[/dim]", soft_wrap=True)
        elif effect.lacking and name != REFERENCE:
            console.print("[dim]every part is the reference's: none is offered[/dim]")
        console.print()
    console.print(_close(name, found), soft_wrap=True)


def _make_table(found: JudgedEffect) -> Table:
    seeds = "1 seed" if found.seeds == 1 else f"{found.seeds} seeds"
    title = f"{found.effect.title} ({seeds})"
    table = Table(title=escape(title), title_justify="left")
    table.add_column("")
    table.add_column("claim")
    for column in ("measured", "claimed", "the book"):
        table.add_column(column, justify="right")
    for finding in found.findings:
        claim = finding.claim
        table.add_row(
            _MARKS[finding.holds],
            escape(claim.text),
            _spell_measured(finding),
            claim.interval,
            escape(claim.book),
        )
    return table


def _spell_measured(finding: JudgedClaim) -> str:
    measured = finding.measured
    if measured is None:
        return "-"
    if len(measured.values) == 1 or measured.least == measured.most:
        return f"{measured.mean:.4g}"
    return f"{measured.mean:.4g} ({measured.least:.3g} to {measured.most:.3g})"


def _close(name: str, found: Sequence[JudgedEffect]) -> str:
    failing = [effect.effect.name for effect in found if not effect.holds]
    if not found:
        return f"{escape(name)}: [red]no effect is complete[/red]"
    if failing:
        names = ", ".join(failing)
        return f"{escape(name)}: {len(failing)} of {len(found)} effects [red]fail[/red]: {names}"
    shown = sum(not effect.judged for effect in found)
    if shown == len(found):  # of an effect with other images there are figures and no verdict
        return f"{escape(name)}: nothing is judged: {OTHER_IMAGES}"
    claims = sum(finding.holds is True for effect in found for finding in effect.findings)
    told = (
        f"{escape(name)}: all {len(found)} effects [green]hold[/green], {claims} claims"
        if len(found) > 1
        else f"{escape(name)}: the effect [green]holds[/green], {claims} claims"
    )
    if shown:
        told += f"; not judged, {shown}: {OTHER_IMAGES}"
    # What no part of the implementation had a share in says nothing of it.
    without = sum(bool(effect.lacking) and not effect.used for effect in found)
    if without and any(effect.used for effect in found):
        told += f"; {without} of them with the reference's parts alone"
    elif without and name != REFERENCE:
        told += "; every part is the reference's, so that this says nothing of it"
    return told


def report_effects(name: str, found: Sequence[JudgedEffect], records: Records) -> dict[str, Any]:
    """Everything as plain values: claims, figures of every seed, and every trial."""
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "trainspec": __version__,
        "implementation": name,
        "holds": all(effect.holds for effect in found),
        "effects": {
            effect.effect.name: {
                "holds": effect.holds,
                "seeds": effect.seeds,
                "used": list(effect.used),
                "from the reference": list(effect.lacking),
                "claims": [
                    {
                        "claim": finding.claim.text,
                        "figure": finding.claim.figure,
                        "from": _spell(finding.claim.low),
                        "to": _spell(finding.claim.high),
                        "measured": _spell(finding.measured.mean) if finding.measured else None,
                        "holds": finding.holds,
                    }
                    for finding in effect.findings
                ],
                "figures": {
                    name: [_spell(value) for value in measured.values]
                    for name, measured in effect.figures.items()
                },
            }
            for effect in found
        },
        "trials": [
            {**asdict(trial), "result": _spell_all(record.result)}
            for trial, record in records.items()
        ],
    }


def _spell(value: float) -> float | str:
    return spell_number(value)


def _spell_all(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _spell_all(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_spell_all(inner) for inner in value]
    return _spell(value) if isinstance(value, float) else value
