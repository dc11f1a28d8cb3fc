"""The matrix as files: every format holds what was found."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import msgspec
import pytest

from command_line import ADAM, run
from trainspec.conformance.reporting.matrix import build_matrix
from trainspec.conformance.reporting.matrix_files import FORMATS, write_matrix
from trainspec.conformance.reporting.records import Report


@pytest.fixture(scope="module")
def matrix(tmp_path_factory):
    path = tmp_path_factory.mktemp("adapter") / "mine.py"
    path.write_text(ADAM + "\nname = 'Mine & <yours>'\n")
    out = run("check", path, "-t", "adam", "--json").stdout
    return build_matrix([msgspec.json.decode(out, type=Report)])


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_written_and_named(matrix, tmp_path, name):
    (path,) = write_matrix(matrix, tmp_path / "new" / "folder", [name])
    assert path.name == FORMATS[name][0]
    assert path.stat().st_size > 100


def test_names_are_escaped_where_they_must_be(matrix, tmp_path):
    write_matrix(matrix, tmp_path)
    page = (tmp_path / "index.html").read_text("utf-8")
    assert "Mine &amp; &lt;yours&gt;" in page
    suites = ET.parse(tmp_path / "junit.xml").getroot()
    assert suites.find("testsuite").get("name") == "Mine & <yours>, optimizers/adam"
    failure = suites.find("./testsuite/testcase/failure")
    assert "wrong" in failure.get("message")
    data = json.loads((tmp_path / "matrix.json").read_text("utf-8"))
    assert data["reports"][0]["implementation"]["name"] == "Mine & <yours>"
    assert "does not conform" in (tmp_path / "badge.svg").read_text("utf-8")
