"""Hold the built wheel to what it must contain: run by `tox -e wheel`, from the installed wheel."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import files, requires
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# numpy, ml_dtypes, click, rich, markdown-it-py, msgspec, psutil and pylatexenc: all are light.
MOST_DEPENDENCIES = 8


def main() -> int:
    installed = {str(f) for f in files("trainspec") or ()}
    wanted = {
        f"trainspec/{p.relative_to(ROOT)}"
        for d in ("spec", "golden")
        for p in (ROOT / d).rglob("*")
        if p.is_file()
    }
    wanted |= {
        str(p.relative_to(ROOT / "reference"))
        for p in (ROOT / "reference").rglob("*")
        if p.is_file() and "__pycache__" not in p.parts
    }
    missing = sorted(wanted - installed)
    extra = sorted(
        f
        for f in installed - wanted
        if ".dist-info" not in f and "__pycache__" not in f and "bin/" not in f
    )
    core = [r for r in requires("trainspec") or () if "extra ==" not in r]
    for word, names in (("missing", missing), ("not expected", extra)):
        for name in names:
            print(f"{word}: {name}")
    if len(core) > MOST_DEPENDENCIES:
        print(f"too many dependencies: {core}")
    checked = subprocess.run(
        [sys.executable, "-m", "trainspec.conformance.cli", "check"], cwd="/", check=False
    )
    print(f"{len(wanted)} files, {len(core)} dependencies")
    return bool(missing or extra or len(core) > MOST_DEPENDENCIES or checked.returncode)


if __name__ == "__main__":
    sys.exit(main())
