"""Run the tests of each library in a process of its own, two at a time: they do not share one
gladly.
"""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def main() -> int:
    paths = [
        path
        for path in sorted(Path(__file__).parent.glob("test_*.py"))
        if not sys.argv[1:] or path.stem.removeprefix("test_") in sys.argv[1:]
    ]
    status = 0
    with ThreadPoolExecutor(2) as pool:
        for path, done in zip(paths, pool.map(run_tests, paths)):
            print(f"== {path.name}", done.stdout, sep="\n", flush=True)
            status = status or done.returncode
    return status


def run_tests(path: Path) -> subprocess.CompletedProcess[str]:
    # Warnings are the libraries' own affair here.
    command = [sys.executable, "-m", "pytest", "-q", "-W", "ignore", str(path)]
    return subprocess.run(
        command, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


if __name__ == "__main__":
    sys.exit(main())
