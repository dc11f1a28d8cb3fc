"""Where the spec pages and the golden values lie, in a wheel and in a checkout."""

from __future__ import annotations

from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent


@cache
def folder(name: str) -> Path:
    """The folder ``spec`` or ``golden``: inside the installed package, else beside its source."""
    for place in (PACKAGE / name, PACKAGE.parent.parent / name):
        if place.is_dir():
            return place
    raise FileNotFoundError(f"trainspec's folder {name!r} is neither in the package nor beside it")


#: Folders of `spec/` whose pages define no technique: they say how libraries do them.
ABOUT_LIBRARIES = ("frameworks", "profiles")


@cache
def techniques() -> tuple[str, ...]:
    """Every technique, as ``optimizers/adam``: one for each page in a folder of `spec/`."""
    root = folder("spec")
    return tuple(
        sorted(
            p.relative_to(root).with_suffix("").as_posix()
            for p in root.glob("*/*.md")
            if p.parent.name not in ABOUT_LIBRARIES
        )
    )


def golden_file(technique: str) -> Path:
    """The golden file of a technique."""
    return folder("golden") / f"{technique}.json"


def page_file(technique: str) -> Path:
    """The spec page of a technique."""
    return folder("spec") / f"{technique}.md"
