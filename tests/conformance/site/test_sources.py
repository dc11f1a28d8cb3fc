"""The sources of the site: the spec's pages, with what a site can do besides."""

from __future__ import annotations

import pytest

from trainspec.conformance.basics.paths import list_techniques
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.site.sources import FAMILIES, name_case, write_sources


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    write_sources(folder)
    return folder


def test_every_technique_is_in_the_tree_by_itself(sources):
    index = (sources / "index.md").read_text("utf-8").splitlines()
    assert set(list_techniques()) <= set(index)
    for caption in ("Guides", "Effects", "Libraries", *FAMILIES.values()):
        assert f":caption: {caption}" in index
    assert index.index("optimizers/sgd") < index.index("optimizers/adam")  # as one learns them


def test_clauses_have_anchors_and_are_linked_wherever_they_are_named(sources):
    adam = (sources / "optimizers/adam.md").read_text("utf-8")
    assert '- <a class="clause" id="ADAM-4" href="#ADAM-4">ADAM-4</a> It MUST add' in adam
    assert '| `eps-hat` | <a href="#ADAM-4">ADAM-4</a> |' in adam
    assert "clauses: [ADAM-3, ADAM-4]" in adam  # a case's own text stays
    for technique in list_techniques():
        text = (sources / f"{technique}.md").read_text("utf-8")
        for clause in load_page(technique).clauses:
            assert text.count(f'id="{clause}"') == 1


def test_cases_are_folded_with_links_to_their_pages(sources):
    text = (sources / "layers/dropout.md").read_text("utf-8")
    page = load_page("layers/dropout")
    for case in page.cases:
        assert f"{{dropdown}} {case.name}\n:name: {name_case(page, case.name)}" in text
        assert f'"../cases/dropout/{case.name}.html"' in text


def test_update_rules_have_a_figure_and_others_none(sources):
    assert 'data-rule="adam"' in (sources / "optimizers/adam.md").read_text("utf-8")
    assert "data-rule" not in (sources / "layers/relu.md").read_text("utf-8")


def test_links_that_leave_the_spec_lead_to_copies(sources):
    text = (sources / "profiles/torch.md").read_text("utf-8")
    assert "(../files/reference/trainspec/conformance/adapters/torch.py)" in text
    assert (sources / "files/reference/trainspec/conformance/adapters/torch.py").is_file()
    assert "../../" not in text


def test_pictures_follow_the_theme(sources):
    text = (sources / "layers/dropout.md").read_text("utf-8")
    assert "(../figures/dropout-dark.svg){.only-dark}" in text
    assert "gh-dark-mode-only" not in text
