"""Where trainspec's own files are, in a wheel and in a checkout."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from trainspec.conformance.basics.errors import UserError
from trainspec.conformance.basics.names import operation_of

#: The folder of the import package.
PACKAGE = Path(__file__).resolve().parent.parent.parent
ADAPTERS = PACKAGE / "conformance" / "adapters"
TEMPLATES = PACKAGE / "conformance" / "templates"
#: Folders of `spec/` whose pages define no technique.
OTHER_FOLDERS = ("effects", "frameworks", "guides", "profiles", "schemas")


def is_file(word: str | Path) -> bool:
    """Whether a word is the path of a file; no file has a name that is too long."""
    try:
        return Path(word).is_file()
    except (OSError, ValueError):
        return False


def is_folder(word: str | Path) -> bool:
    """Whether a word is the path of a folder."""
    try:
        return Path(word).is_dir()
    except (OSError, ValueError):
        return False


@cache
def find_folder(name: str) -> Path:
    """The folder ``spec`` or ``golden``: inside the installed package, else beside its source.

    Raises FileNotFoundError where it is in neither.
    """
    for place in (PACKAGE / name, PACKAGE.parent.parent / name):
        if place.is_dir():
            return place
    raise FileNotFoundError(f"trainspec's folder {name!r} is neither in the package nor beside it")


@cache
def list_techniques() -> tuple[str, ...]:
    """Every technique, as ``optimizers/adam``: one for each page in a folder of `spec/`."""
    root = find_folder("spec")
    return tuple(
        sorted(
            p.relative_to(root).with_suffix("").as_posix()
            for p in root.glob("*/*.md")
            if p.parent.name not in OTHER_FOLDERS
        )
    )


@cache
def technique_of(operation: str) -> str:
    """The technique of an operation: ``optimizers/adam`` of ``adam``.

    Raises `UserError` where there is none.
    """
    found = next((t for t in list_techniques() if operation_of(t) == operation), None)
    if found is None:
        raise UserError(f"no operation {operation!r}; `trainspec list` has them all")
    return found


def golden_path(technique: str) -> Path:
    """The golden file of a technique."""
    return find_folder("golden") / f"{technique}.json"


def page_path(technique: str) -> Path:
    """The spec page of a technique."""
    return find_folder("spec") / f"{technique}.md"


def list_adapters() -> tuple[str, ...]:
    """The adapters that come with trainspec."""
    return tuple(sorted(p.stem for p in ADAPTERS.glob("[a-z]*.py")))
