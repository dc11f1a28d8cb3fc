"""Profiles: which forms and defaults a library has, read from a page of `spec/profiles/`.

A profile page holds what was measured of a library in one version: a table of forms, of which
the first of each operation is the one that `check --profile` holds an implementation to, and a
table of default hyperparameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from trainspec.conformance.combine import checked_name
from trainspec.conformance.files import folder, techniques
from trainspec.conformance.page import PageError, tables
from trainspec.conformance.page import load as load_page


@dataclass(frozen=True)
class Profile:
    """What a library does: `forms` by operation, `defaults` by row (``adam:decoupled-decay``)."""

    name: str
    title: str
    libraries: Mapping[str, str]
    forms: Mapping[str, tuple[str, ...]]
    defaults: Mapping[str, Mapping[str, float]]

    @property
    def main(self) -> dict[str, str]:
        """The form of each operation that has its plain name in the library."""
        return {operation: forms[0] for operation, forms in self.forms.items()}

    @property
    def version(self) -> str:
        """The libraries with the versions that were measured."""
        return ", ".join(" ".join(item).strip() for item in self.libraries.items())


def names() -> tuple[str, ...]:
    """Every profile: one for each page in `spec/profiles/`."""
    pages = (folder("spec") / "profiles").glob("*.md")
    return tuple(sorted(page.stem for page in pages if page.stem != "README"))


@cache
def load(name: str) -> Profile:
    """The profile of a page.

    Raises `PageError` for one that does not exist or names what no spec page has.
    """
    if name not in names():
        raise PageError(f"no profile {name!r}; there are: {', '.join(names())}")
    path = folder("spec") / "profiles" / f"{name}.md"
    title, found = tables(path.read_text("utf-8"))
    operations = {t.rpartition("/")[2]: t for t in techniques()}

    def page_of(row: str) -> str:
        operation = row.partition(":")[0]
        if operation not in operations:
            raise PageError(f"profile {name}: there is no operation {operation!r}")
        return operations[operation]

    forms: dict[str, tuple[str, ...]] = {}
    for row in found["Forms"]:
        operation = row["operation"]
        form = checked_name(load_page(page_of(operation)), row["form"])
        forms[operation] = (*forms.get(operation, ()), form)
    defaults: dict[str, dict[str, float]] = {}
    for row in found.get("Defaults", []):
        page = load_page(page_of(row["operation"]))
        extra = page.extra(page.whole_rule(row["operation"].partition(":")[2]))
        if row["hyperparameter"] not in {*page.parameters, *extra}:
            raise PageError(
                f"profile {name}: {row['operation']} has no hyperparameter "
                f"{row['hyperparameter']!r}"
            )
        default = float(row["default"])
        defaults.setdefault(row["operation"], {})[row["hyperparameter"]] = default
    libraries = {row["library"]: row["version"] for row in found["Measured"]}
    return Profile(name, title, libraries, forms, defaults)
