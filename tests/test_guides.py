"""What the guides and the README show is run: files are written, commands called, output compared.

A code block whose first line is a comment with a file's name is that file, or more of it after
", continued". A `sh` block is called line by line, and the `text` block after it must stand in
what the last line printed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass

import pytest

from helpers import ROOT
from trainspec.conformance.pages.markdown import read_sections

GUIDES = [
    ROOT / "README.md",
    ROOT / "spec" / "traces.md",
    *sorted((ROOT / "spec" / "guides").glob("*.md")),
]
#: Commands that install something, or need a framework or a file of the reader's.
NOT_HERE = (
    *(
        "pip install",
        "python3 -m venv",
        "my_port.py",
        "check torch",
        "torch keras",
        "my_package",
        "report torch",
    ),
    *("certify --write", "my_program", "trainspec effects", "trainspec docs"),
)
#: The reader's own adapter, where a guide takes it for granted.
GRANTED = ROOT / "examples" / "adapter.py"


@dataclass
class Block:
    language: str
    content: str


def blocks_of(path):
    return [Block(*f) for s in read_sections(path.read_text("utf-8")) for f in s.fences]


def file_of(block):
    found = re.match(r"(?:#|//) ([\w.]+)(, continued)?\n", block.content)
    return found and (found[1], bool(found[2]))


def call(line, folder):
    """What a line prints; it may say that something does not conform."""
    words = {"PATH": f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}"}
    environment = {**os.environ, **words, "COLUMNS": "200", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        line,
        shell=True,
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode in (0, 1), (line, done.stdout, done.stderr)
    return done.stdout


def contains(output, expected):
    """Whether the expected lines stand in the output, one after the other."""
    lines = iter(output.splitlines())
    return all(any(want in got for got in lines) for want in expected.splitlines())


@pytest.mark.slow
@pytest.mark.parametrize("path", GUIDES, ids=lambda p: p.stem)
def test_what_a_guide_shows_is_what_happens(path, tmp_path):
    output = None
    shutil.copy(GRANTED, tmp_path / "my_adapter.py")
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    for block in blocks_of(path):
        named = file_of(block)
        if named:
            name, continued = named
            with (tmp_path / name).open("a" if continued else "w", encoding="utf-8") as file:
                file.write(block.content)
            if block.language == "python" and name not in (
                "my_adapter.py",
                "chapter6.py",
                "grade.py",
                "test_conformance.py",
            ):
                call(f"{sys.executable} {name}", tmp_path)
        elif block.language == "sh":
            lines = [x for x in block.content.splitlines() if not any(n in x for n in NOT_HERE)]
            if "run.npz" in block.content and not (tmp_path / "run.npz").exists():
                continue  # of the reader's
            if any("node " in x for x in lines) and shutil.which("node") is None:
                pytest.skip("no node")
            for line in lines:
                output = call(line, tmp_path)
        elif block.language == "text" and output is not None:
            assert contains(output, block.content), (path.name, block.content, output)


@pytest.mark.parametrize("path", GUIDES, ids=lambda p: p.stem)
def test_a_guide_opens_with_its_title_and_links_lead_somewhere(path):
    text = path.read_text("utf-8")
    assert text.startswith("# ")
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text):
        if not target.startswith("http"):
            assert (path.parent / target).is_file(), target
