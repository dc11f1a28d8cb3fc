"""``trainspec new``: an adapter to fill in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click

from trainspec.conformance.basics.names import draw_function, operation_of
from trainspec.conformance.basics.paths import TEMPLATES, page_path
from trainspec.conformance.cases.golden import find_techniques
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.markdown import read_tables
from trainspec.conformance.pages.page import Page

#: Language -> the ending of its template.
LANGUAGES = {"python": "py", "javascript": "mjs", "cpp": "cpp", "rust": "rs"}


@click.command("new")
@click.argument("language", type=click.Choice(list(LANGUAGES)))
@click.argument("operations", nargs=-1)
def command(language: str, operations: tuple[str, ...]) -> None:
    """Print an adapter to fill in, for LANGUAGE.

    \b
    trainspec new python > my_adapter.py                     the five update rules
    trainspec new python dropout xavier_draw > my_adapter.py any operations, or folders of them
    trainspec new javascript > adapter.mjs                   also cpp and rust
    """  # noqa: D301
    template = (TEMPLATES / f"adapter.{LANGUAGES[language]}").read_text("utf-8")
    if not operations:
        click.echo(template, nl=False)
        return
    if language != "python":
        raise click.UsageError(
            f"operations can be chosen for python only; for {language} print the template, and "
            "take the names of inputs and outputs from spec/adapters.md"
        )
    head = template[: template.index("\n\ndef ")]
    functions = [write_function(load_page(t), operations) for t in find_techniques(operations)]
    click.echo("\n\n".join([head, *functions]).rstrip())


def write_function(page: Page, words: Sequence[str]) -> str:
    """The functions of a page's technique, with their inputs and outputs described.

    One that draws its own numbers is written where `words` name it, the plain one otherwise.
    """
    drawing = draw_function(operation_of(page.technique))
    return _write_draw(page, drawing) if drawing in words else _write_plain(page)


def _write_plain(page: Page) -> str:
    inputs = ["params", "grads"] if page.is_update_rule else list(page.inputs)
    names = [name for name in page.parameters if name != "learning_rate"]
    if page.is_update_rule or "learning_rate" in page.parameters:
        names.insert(0, "learning_rate")
    lines = _describe(page, inputs)
    if page.is_update_rule:
        lines = [
            "params: a list of arrays; grads: for every step a list of arrays;",
            "learning_rate: one number per step.",
            "Return a list with one entry per step: the parameters after it, new arrays of the",
            "inputs' type. The inputs must not be changed.",
        ]
    return _write(page.name, [*inputs, *(["*", *names] if names else [])], lines)


def _write_draw(page: Page, name: str) -> str:
    inputs = [i for i in page.inputs if page.draws and i != page.draws[0].input]
    given = list(page.draws[0].request) if page.draws else []
    lines = _describe(page, inputs)
    if not inputs:  # weights are drawn: there is no input whose shape they could have
        sizes = [size for size in ("rows", "columns", "fan_in", "fan_out") if size in given]
        lines = [f"Return an array of shape ({', '.join(sizes)}).", "The seed is a whole number."]
    if inputs:
        lines.append("Batches of the first axis go through one object, one after the other.")
    return _write(name, [*inputs, "*", "seed", *given], lines)


def _describe(page: Page, inputs: Sequence[str]) -> list[str]:
    """A line for every input and output: its name, shape and meaning."""
    _, tables = read_tables(page_path(page.technique).read_text("utf-8"))
    lines = []
    for row in tables.get("Inputs", []):
        if row["name"] in inputs:
            lines.append(_describe_tensor(row))
    lines.append("Return a dict:")
    return lines + [_describe_tensor(row) for row in tables.get("Outputs", [])]


def _describe_tensor(row: Mapping[str, str]) -> str:
    """The name of a tensor, its shape and its meaning, in plain words."""
    shape = row["shape"].replace("`", "")
    words = "of any shape" if shape == "any" else f"of shape {shape}"
    if shape.startswith("as "):
        words = f"of the shape of {shape.removeprefix('as ')}"
    return f"{row['name']}, {words}: {row['meaning']}"


def _write(name: str, arguments: Sequence[str], lines: Sequence[str]) -> str:
    body = "\n    ".join(lines).replace("`", "")
    return (
        f"def {name}({', '.join(arguments)}):\n"
        f'    """{body}\n    """\n'
        "    raise NotImplementedError\n"
    )
