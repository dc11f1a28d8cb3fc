"""Certification: every golden value is derived again from its page and compared."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from trainspec.conformance.basics.paths import find_folder, golden_path, list_techniques, page_path
from trainspec.conformance.derivation.end_points import format_end_points
from trainspec.conformance.derivation.golden import derive_golden
from trainspec.conformance.derivation.golden_files import PATHS, format_golden, format_manifest
from trainspec.conformance.derivation.margins import TELLING, iterate_pairs
from trainspec.conformance.pages.load import read_page
from trainspec.conformance.pages.page import Page


class GoldenDifference(Struct, frozen=True):
    """A place where a golden file does not say what its page says."""

    technique: str
    place: str
    stored: str
    derived: str

    def __str__(self) -> str:
        return f"{self.technique}: {self.place}: stored {self.stored}, derived {self.derived}"


def certify_technique(
    technique: str, progress: Callable[[str], None] = lambda _: None
) -> tuple[str, list[GoldenDifference]]:
    """The golden text that the page of `technique` yields, and how the stored file differs."""
    page = read_page(page_path(technique).read_text("utf-8"), technique)
    golden = derive_golden(page, progress)
    right = format_golden(golden)
    found = _compare_file(technique, right)
    if golden_path(technique).exists():
        found += find_confusions(page, golden)
    return right, found


def _compare_file(name: str, right: str) -> list[GoldenDifference]:
    """How a stored golden file differs from the text that it should have."""
    path = golden_path(name)
    if not path.exists():
        return [GoldenDifference(name, "the golden file", "nothing", f"{len(right)} bytes")]
    stored = path.read_text("utf-8")
    if stored == right:
        return []
    try:
        found = list(_find_differences(name, json.loads(stored), json.loads(right), ""))
    except ValueError as error:
        return [GoldenDifference(name, "the golden file", f"not JSON ({error})", "JSON")]
    return found or [GoldenDifference(name, "the golden file", "other spelling", "as written")]


def certify_end_points() -> tuple[str, list[GoldenDifference]]:
    """The text of the golden file of `update_paths`, and how the stored file differs from it."""
    right = format_end_points()
    return right, _compare_file(PATHS, right)


def compare_manifest() -> list[GoldenDifference]:
    """Whether the manifest's sums are those of the files."""
    path = find_folder("golden") / "manifest.json"
    stored = path.read_text("utf-8") if path.exists() else "{}"
    right = format_manifest()
    if stored == right:
        return []
    try:
        return list(_find_differences("manifest", json.loads(stored), json.loads(right), ""))
    except ValueError as error:
        return [GoldenDifference("manifest", "manifest.json", f"not JSON ({error})", "JSON")]


def find_confusions(page: Page, golden: dict[str, Any]) -> list[GoldenDifference]:
    """Forms that no case tells apart: every pair of published forms, every error from the rule."""
    found = []
    for kind in ("float64", "float32"):
        for one, other, margin in iterate_pairs(page, golden, kind):
            needed = TELLING
            if margin < needed:
                found.append(
                    GoldenDifference(
                        page.technique,
                        f"{one or 'the rule'} and {other} in {kind}",
                        f"{margin:.2g} tolerances apart at most",
                        f"at least {needed:g}",
                    )
                )
    return found


def write_golden_files(names: Iterable[str], texts: Callable[[str], str]) -> None:
    """Write the golden files of the techniques `names`, and the manifest."""
    for technique in names:
        path = golden_path(technique)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(texts(technique), "utf-8")
    (find_folder("golden") / "manifest.json").write_text(format_manifest(), "utf-8")
    register_ids(find_folder("golden") / "ids.txt")


def register_ids(path: Path) -> None:
    """Add the ids that are new to the register, which only grows."""
    listed = path.read_text("utf-8").split() if path.exists() else []
    new = []
    for technique in list_techniques():
        if golden_path(technique).exists():
            golden = json.loads(golden_path(technique).read_text("utf-8"))
            page = read_page(page_path(technique).read_text("utf-8"), technique)
            new += [*page.clauses, *(case["id"] for case in golden["cases"])]
    added = [name for name in dict.fromkeys(new) if name not in set(listed)]
    path.write_text("\n".join([*listed, *added]) + "\n", "utf-8")


def _find_differences(
    technique: str, stored: Any, derived: Any, place: str
) -> Iterator[GoldenDifference]:
    if isinstance(stored, dict) and isinstance(derived, dict):
        for key in [*derived, *(k for k in stored if k not in derived)]:
            here = f"{place}.{key}" if place else str(key)
            if key not in stored:
                yield GoldenDifference(technique, here, "nothing", _shorten(derived[key]))
            elif key not in derived:
                yield GoldenDifference(technique, here, _shorten(stored[key]), "nothing")
            else:
                yield from _find_differences(technique, stored[key], derived[key], here)
    elif isinstance(stored, list) and isinstance(derived, list) and len(stored) == len(derived):
        for index, (a, b) in enumerate(zip(stored, derived)):
            name = b.get("id", index) if isinstance(b, dict) else index
            yield from _find_differences(technique, a, b, f"{place}[{name}]")
    elif stored != derived:
        yield GoldenDifference(technique, place, _shorten(stored), _shorten(derived))


def _shorten(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) < 60 else text[:57] + "..."
