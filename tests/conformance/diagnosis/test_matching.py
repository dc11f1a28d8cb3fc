"""Matching: the distance of every answer from a form, and forms that explain them all."""

from __future__ import annotations

from helpers import adapter, results, update_rule
from trainspec.conformance.diagnosis.evidence import NEAR, gather_evidence
from trainspec.conformance.diagnosis.matching import (
    Match,
    list_complete,
    make_form,
    match_form,
    match_sets,
    measure_form,
)
from trainspec.conformance.pages.forms import find_slots


def evidence(kernel, kind="float64"):
    return gather_evidence(results(adapter(sgd=update_rule(kernel)), "sgd", kind))


ASCENT = evidence(lambda W, g, s, t, k, h: W + h.rate * g)


def test_a_form_that_explains_is_near_every_answer():
    distances = measure_form(ASCENT, make_form(ASCENT.page, ("ascent",)))
    assert len(distances) == len(ASCENT.answered)
    assert max(distances) <= 1
    assert measure_form(ASCENT, make_form(ASCENT.page, ())) is None


def test_a_match_says_what_it_is():
    match = match_form(ASCENT, make_form(ASCENT.page, ("ascent",)))
    assert (match.name, match.unexplained) == ("ascent", 0)
    assert match.text.startswith("this is the known error ascent")
    assert Match(None, "x", "x", [1.0, NEAR + 1]).unexplained == 1


def test_only_sets_that_explain_are_matched():
    found = [m.name for m in match_sets(ASCENT, [(), ("ascent",), ("gradient-sign",)])]
    assert found == ["ascent"]


def test_forms_that_need_a_hyperparameter_nobody_passes_are_incomplete():
    sets = [(), ("weight-decay",)]
    assert [f.edits for f in list_complete(ASCENT, sets)] == [()]


def test_no_constant_is_looked_for_in_a_long_case_alone():
    found = results(
        adapter(adam=update_rule(lambda W, g, s, t, k, h: W - h.rate * g)), "adam", "float64"
    )
    long = gather_evidence([r for r in found if r.case.is_long])
    assert long.answered
    assert not list(match_sets(long, [()], slots=find_slots))
    short = gather_evidence([r for r in found if not r.case.is_long])
    assert short.short
