"""The findings: every script prints what the page says it prints, with the library alone."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "spec" / "frameworks" / "findings.md").read_text("utf-8")
SHOWN = re.findall(r"```sh\npython (\S+)\n```\n\n```text\n(.*?)\n```", PAGE, re.DOTALL)
FOLDER = ROOT / "spec" / "frameworks" / "findings"


def test_every_script_is_shown():
    assert {ROOT / path for path, _ in SHOWN} == set(FOLDER.glob("*.py"))


@pytest.mark.parametrize(("path", "printed"), SHOWN)
def test_a_script_prints_what_the_page_says(path, printed):
    command = [sys.executable, "-W", "ignore", str(ROOT / path)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if "ModuleNotFoundError" in done.stderr:
        pytest.skip(done.stderr.strip().splitlines()[-1])
    assert done.returncode == 0, done.stderr
    # A script that shows several libraries leaves out those that are not installed.
    assert set(done.stdout.splitlines()) <= set(printed.splitlines())
    assert done.stdout.strip()
