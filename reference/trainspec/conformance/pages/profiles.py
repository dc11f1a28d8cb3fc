"""Profiles: which forms and defaults a library has, read from a page of `spec/profiles/`.

A profile page holds what was measured of a library in one version: a table of forms, of which
the first of each operation is the one that `check --profile` checks an implementation against,
and a table of default hyperparameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from msgspec import Struct

from trainspec.conformance.basics.names import Offering, operation_of
from trainspec.conformance.basics.paths import find_folder, list_techniques
from trainspec.conformance.pages.combinations import normalize_form
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.markdown import read_tables
from trainspec.conformance.pages.page import Page
from trainspec.conformance.pages.parts import PageError


class Profile(Struct, frozen=True):
    """What a library does: `forms` by operation, `defaults` by offering."""

    name: str
    title: str
    libraries: Mapping[str, str]
    forms: Mapping[str, tuple[str, ...]]
    defaults: Mapping[Offering, Mapping[str, float]]

    @property
    def main(self) -> dict[str, str]:
        """The form of each operation that has its plain name in the library."""
        return {operation: forms[0] for operation, forms in self.forms.items()}

    @property
    def version(self) -> str:
        """The libraries with the versions that were measured."""
        return ", ".join(" ".join(item).strip() for item in self.libraries.items())


def list_profiles() -> tuple[str, ...]:
    """Every profile: one for each page in `spec/profiles/`."""
    pages = (find_folder("spec") / "profiles").glob("*.md")
    return tuple(sorted(page.stem for page in pages if page.stem != "README"))


@cache
def load_profile(name: str) -> Profile:
    """The profile of a page.

    Raises `PageError` for one that does not exist or names what no spec page has.
    """
    if name not in list_profiles():
        raise PageError(f"no profile {name!r}; there are: {', '.join(list_profiles())}")
    path = find_folder("spec") / "profiles" / f"{name}.md"
    title, found = read_tables(path.read_text("utf-8"))
    forms: dict[str, tuple[str, ...]] = {}
    for row in found["Forms"]:
        operation = row["operation"]
        form = normalize_form(_page_of(operation, name), row["form"])
        forms[operation] = (*forms.get(operation, ()), form)
    defaults: dict[Offering, dict[str, float]] = {}
    for row in found.get("Defaults", []):
        offering = Offering.parse(row["operation"])
        _check_hyperparameter(offering, row["hyperparameter"], name)
        defaults.setdefault(offering, {})[row["hyperparameter"]] = float(row["default"])
    libraries = {row["library"]: row["version"] for row in found["Measured"]}
    return Profile(name, title, libraries, forms, defaults)


def _page_of(operation: str, profile: str) -> Page:
    for technique in list_techniques():
        if operation_of(technique) == operation:
            return load_page(technique)
    raise PageError(f"profile {profile}: there is no operation {operation!r}")


def _check_hyperparameter(offering: Offering, hyperparameter: str, profile: str) -> None:
    page = _page_of(offering.operation, profile)
    extra = page.variant_hyperparameters(page.rule_of_form(offering.form))
    if hyperparameter not in {*page.parameters, *extra}:
        raise PageError(f"profile {profile}: {offering} has no hyperparameter {hyperparameter!r}")
