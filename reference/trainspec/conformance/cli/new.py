"""``trainspec new``: an adapter to fill in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click

from trainspec.conformance.basics.names import (
    CaseInType,
    Offering,
    base_operation,
    draw_function,
    operation_of,
)
from trainspec.conformance.basics.paths import TEMPLATES, page_path
from trainspec.conformance.cases.golden import find_techniques
from trainspec.conformance.cli.options import as_option, map_option, set_option
from trainspec.conformance.cli.targets import choose_target
from trainspec.conformance.diagnosis.object_forms import find_forms
from trainspec.conformance.implementations.objects import (
    ObjectTarget,
    bind_target,
    names_object,
)
from trainspec.conformance.implementations.target import load_implementation
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.markdown import read_tables
from trainspec.conformance.pages.page import Page

#: An adapter that asks an object.
BINDING = '''"""{path}, asked through trainspec's own binding.

    trainspec check my_adapter.py

`names` says what it calls a hyperparameter, `fixed` what it is always given, `variants` which form
it was found to be.
"""

from trainspec.conformance import bind

{lines}
'''
#: Language -> the ending of its template.
LANGUAGES = {"python": "py", "javascript": "mjs", "cpp": "cpp", "rust": "rs"}


@click.command("new")
@click.argument("language", type=click.Choice(list(LANGUAGES)), default="python")
@click.argument("operations", nargs=-1)
@click.option("--from", "path", metavar="PACKAGE.MODULE:NAME", help="An object to ask.")
@as_option
@set_option
@map_option
def command(
    language: str,
    operations: tuple[str, ...],
    path: str | None,
    operation: str,
    fixed: tuple[str, ...],
    names: tuple[str, ...],
) -> None:
    """Print an adapter to fill in, for LANGUAGE, or one that asks an object.

    \b
    trainspec new python > my_adapter.py                     the five update rules
    trainspec new python dropout xavier_draw > my_adapter.py any operations, or folders of them
    trainspec new javascript > adapter.mjs                   also cpp and rust
    trainspec new --from torch.optim:AdamW > my_adapter.py   what `check torch.optim:AdamW` asks,
                                                             to keep and to change
    """  # noqa: D301
    if path is not None:
        if language != "python" or operations:
            raise click.UsageError("--from writes an adapter in Python, for one object")
        click.echo(write_binding(path, operation, fixed, names), nl=False)
        return
    if operation or fixed or names:
        raise click.UsageError("--as, --set and --map are for --from")
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


def write_binding(path: str, operation: str, fixed: Sequence[str], names: Sequence[str]) -> str:
    """An adapter that asks an object as the operations, and as the forms, that it is found to be.

    Raises `AdapterError` where it cannot be asked.
    """
    if not names_object(path):
        raise click.UsageError(f"--from {path!r} must be of the form package.module:Name")
    (packed,) = choose_target([path], operation, fixed, names)
    target = ObjectTarget.unpack(packed)
    bound = bind_target(target)
    implementation = load_implementation([packed], in_process=True)
    operations = {base_operation(one.operation) for one in bound}
    about = {
        "name": path,
        "types": list(implementation.types),
        "variants": {op: form for op, form in find_forms(implementation).items() if form},
        "known_failures": {
            case: reason
            for case, reason in implementation.known_failures.items()
            if CaseInType.parse(case).offering in map(Offering, operations)
        },
    }
    lines = [f"{key} = {value!r}" for key, value in about.items() if value]
    for one in bound:
        said = {"fixed": dict(target.fixed), "names": dict(one.names)}
        words = "".join(f", {key}={value!r}" for key, value in said.items() if value)
        lines.append(f"{one.operation} = bind({path!r}, {one.operation!r}{words})")
    return BINDING.format(path=path, lines="\n".join(lines))


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
