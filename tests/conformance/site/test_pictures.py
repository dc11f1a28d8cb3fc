"""The pictures of the pages are those that the command draws."""

from __future__ import annotations

import pytest

from helpers import ROOT

pytest.importorskip("matplotlib")

from trainspec.conformance.site.pictures import draw_pictures, draw_report


def test_every_picture_that_a_page_shows_is_drawn(tmp_path):
    drawn = {path.name for path in draw_pictures(tmp_path)}
    kept = {path.name for path in (ROOT / "spec/figures").iterdir()}
    assert drawn == kept
    pages = "".join(
        p.read_text("utf-8") for p in [ROOT / "README.md", *(ROOT / "spec").rglob("*.md")]
    )
    assert all(f"figures/{name}" in pages for name in kept)


def test_the_report_is_the_one_that_is_kept_and_loads_nothing():
    report = draw_report()
    assert report == (ROOT / "spec/figures/failure_report.svg").read_text("utf-8")
    assert "http" not in report.replace("http://www.w3.org/2000/svg", "")
    assert "eps-hat" in report
    assert "ADAM-4" in report
    assert "spec/optimizers" not in report  # no path of one machine
