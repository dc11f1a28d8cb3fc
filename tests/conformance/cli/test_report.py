"""`trainspec report`: the matrix in every format."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest

from command_line import run

HAT = " / np.sqrt(1 - beta2**t)"


def test_the_matrix_is_written_in_every_form(port, tmp_path):
    saved = tmp_path / "saved.json"
    saved.write_text(run("check", port("saved", head="name = 'Saved <one>'"), "--json").output)
    out = tmp_path / "out"
    result = run("report", port("wrong", hat=HAT), saved, "-o", out)
    assert result.exit_code == 1
    assert {p.name for p in out.iterdir()} == {
        "matrix.md", "index.html", "matrix.json", "junit.xml", "badge.svg"
    }  # fmt: skip
    markdown = (out / "matrix.md").read_text("utf-8")
    assert "| optimizers/adam | ✗ canonical, is eps-hat | ✓ canonical |" in markdown
    assert "doing nothing" in markdown
    page = (out / "index.html").read_text("utf-8")
    assert "Saved &lt;one&gt;" in page
    assert "Saved <one>" not in page
    suites = ET.parse(out / "junit.xml").getroot()
    failures = suites.findall("./testsuite/testcase/failure")
    assert len(failures) > 20
    assert "1 of 2 conform" in (out / "badge.svg").read_text("utf-8")
    assert len(json.loads((out / "matrix.json").read_text())["reports"]) == 2


def test_one_format_alone(port, tmp_path):
    result = run("report", port(), "-o", tmp_path / "out", "-f", "badge")
    assert result.exit_code == 0
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["badge.svg"]
    assert "conforms" in (tmp_path / "out" / "badge.svg").read_text("utf-8")


@pytest.mark.parametrize("target", ["nosuch.json", "nosuch.py", "nosuchprogram"])
def test_what_cannot_be_reported_is_one_line(target, tmp_path):
    result = run("report", target, "-o", tmp_path)
    assert result.exit_code == 2
    assert target in result.output
