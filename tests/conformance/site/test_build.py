"""The whole site: it is built without a complaint, in little room, and asks nobody for anything."""

from __future__ import annotations

import re

import pytest

from helpers import ROOT

pytest.importorskip("sphinx")
pytest.importorskip("furo")

from trainspec.conformance.basics.paths import list_techniques
from trainspec.conformance.site import build
from trainspec.conformance.site.build import SiteError, build_site

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site") / "site"
    build_site(folder)
    return folder


def test_every_page_of_the_spec_is_there(site):
    for path in (ROOT / "spec").rglob("*.md"):
        name = path.relative_to(ROOT / "spec").with_suffix(".html")
        assert (site / name).is_file() or name.as_posix() == "guides/index.html", name
    assert (site / "index.html").is_file()


def test_it_is_small_and_names_no_other_host(site):
    files = [path for path in site.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 20e6
    for path in files:
        if path.suffix in (".html", ".css", ".svg"):
            text = path.read_text("utf-8")
            loaded = re.findall(r"""(?:src=|url\(|@import )["']?(https?://[^"')\s]+)""", text)
            assert loaded == [], path


def test_search_knows_every_technique(site):
    index = (site / "searchindex.js").read_text("utf-8")
    assert all(f'"{technique}"' in index for technique in list_techniques())


def test_a_page_that_cannot_be_built_is_named(tmp_path, monkeypatch):
    def write_broken(folder):
        (folder / "index.md").write_text("# Broken\n\n[nowhere](nowhere.md)\n")

    monkeypatch.setattr(build, "write_sources", write_broken)
    with pytest.raises(SiteError, match="nowhere"):
        build_site(tmp_path / "site")
    assert not (tmp_path / "site").exists()
