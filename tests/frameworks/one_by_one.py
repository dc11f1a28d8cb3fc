"""Run the tests of each library in a process of its own: they do not share one gladly."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def main() -> int:
    status = 0
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        if sys.argv[1:] and path.stem.removeprefix("test_") not in sys.argv[1:]:
            continue
        # Warnings are the libraries' own affair here.
        command = [sys.executable, "-m", "pytest", "-q", "-W", "ignore", str(path)]
        done = subprocess.run(command, check=False)
        status = status or done.returncode
    return status


if __name__ == "__main__":
    sys.exit(main())
