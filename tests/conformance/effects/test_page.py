"""The pages of the effects: every one can be read, and has an experiment and a picture."""

from __future__ import annotations

import math

import pytest

from helpers import ROOT
from trainspec.conformance.basics.errors import UserError
from trainspec.conformance.basics.names import operation_of
from trainspec.conformance.basics.paths import list_techniques
from trainspec.conformance.effects.page import Claim, list_effects, load_effect, read_effect

EFFECTS = list_effects()
FOLDER = ROOT / "spec" / "effects"


def test_there_is_a_page_for_every_experiment():
    folder = ROOT / "reference/trainspec/conformance/effects/experiments"
    assert {p.stem for p in folder.glob("[a-z]*.py")} == set(EFFECTS)
    assert [load_effect(name).title[0] for name in EFFECTS] == list("12345678")


@pytest.mark.parametrize("name", EFFECTS)
def test_a_page_names_what_exists(name):
    effect, text = load_effect(name), (FOLDER / f"{name}.md").read_text("utf-8")
    assert set(effect.about) <= {operation_of(technique) for technique in list_techniques()}
    assert len(effect.claims) > 3
    assert all(claim.alarms for claim in effect.claims)
    assert len({claim.figure for claim in effect.claims}) == len(effect.claims)
    for theme in ("light", "dark"):
        assert f"figures/{name}-{theme}.svg" in text
        assert (FOLDER / "figures" / f"{name}-{theme}.svg").is_file()


def test_the_index_links_every_page():
    text = (FOLDER / "README.md").read_text("utf-8")
    assert all(f"({name}.md)" in text for name in EFFECTS)


def test_false_alarms_are_rare():
    """Of one seed of a right implementation, over all claims of an effect."""
    for name in EFFECTS:
        alarms = [claim.alarms for claim in load_effect(name).claims]
        assert sum(float(alarm) for alarm in alarms if alarm != "never") < 0.06, name


def test_a_claim_holds_within_its_bounds_and_not_for_nan():
    claim = Claim("figure", 1.0, math.inf, "text", "", "")
    assert [claim.holds(x) for x in (0.9, 1.0, math.inf, math.nan)] == [False, True, True, False]
    assert claim.interval == "at least 1"
    assert Claim("f", -math.inf, 2, "", "", "").interval == "at most 2"
    assert Claim("f", 0, 0.5, "", "", "").interval == "0 to 0.5"
    assert Claim("f", 0, 0, "", "", "").interval == "0"


def test_a_page_without_its_tables_is_refused():
    with pytest.raises(UserError, match="needs the tables"):
        read_effect("# 1. Nothing\n", "nothing")
    with pytest.raises(UserError, match="no effect 'nothing'; there are update_paths"):
        load_effect("nothing")
