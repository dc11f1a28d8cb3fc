"""Building the site: `spec pages -> HTML`, with Sphinx; needs the extra `docs`."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from trainspec.conformance.basics.errors import UserError
from trainspec.conformance.basics.paths import list_techniques
from trainspec.conformance.site.javascript import write_module
from trainspec.conformance.site.sources import write_sources

#: What the site is built with, by the names under which it is imported.
NEEDED = ("sphinx", "myst_parser", "furo", "sphinx_design", "latex2mathml", "ziamath")


class SiteError(UserError):
    """The site cannot be built; says what Sphinx complains about."""


def build_site(output: Path) -> None:
    """Build the whole site into a folder; what is there of an earlier one is replaced.

    Raises `SiteError` where a page cannot be built or a link leads nowhere, and
    ModuleNotFoundError where the extra `docs` is missing.
    """
    own = Path(__file__).parent
    folders = {name: _find_package(name) for name in NEEDED}
    with tempfile.TemporaryDirectory() as place:
        source, static, made = (Path(place) / name for name in ("source", "static", "made"))
        source.mkdir()
        write_sources(source)
        shutil.copytree(own / "static", static)
        (static / "rules.mjs").write_text(write_module(list_techniques()), encoding="utf-8")
        # The font for formulas, under the SIL Open Font License.
        shutil.copy(folders["ziamath"] / "fonts" / "STIXTwoMath-Regular.ttf", static)
        _run_sphinx(own, source, static, made)
        shutil.rmtree(output, ignore_errors=True)
        shutil.copytree(made, output)


def _find_package(name: str) -> Path:
    """The folder of a package that the extra brings."""
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    return Path(found.origin).parent


def _run_sphinx(settings: Path, source: Path, static: Path, made: Path) -> None:
    """Sphinx in a process of its own: it keeps what it learns of one build for the next one."""
    words = ["-c", settings, "-D", f"html_static_path={static}", "-d", source.parent / "trees"]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "--no-color", *map(str, words), source, made],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    told = [line for line in done.stderr.splitlines() if line.strip()]
    if told or done.returncode:
        raise SiteError("the site cannot be built:\n" + "\n".join(told[:20]))
