"""Forms: which sets of edits compose, their neighbours, and slots for constants."""

from __future__ import annotations

from trainspec.conformance.pages.forms import (
    ConstantSlot,
    Form,
    change_constants,
    compose_rule,
    find_factors,
    find_literals,
    find_neighbours,
    find_slots,
    list_complements,
    list_edits,
    list_flawed,
    list_float_products,
    list_pairs,
    list_published,
    list_several,
    list_single,
    list_with_literals,
)
from trainspec.conformance.pages.load import load_page

ADAM = "optimizers/adam"


def test_published_sets_are_variants_that_change_different_lines():
    sets = list_published(ADAM)
    assert sets[0] == ()
    assert ("eps-hat", "amsgrad") in sets
    assert not [s for s in sets if {"eps-hat", "epsilon-in-root"} <= set(s)]
    assert len({str(compose_rule(ADAM, s)) for s in sets}) == len(sets)


def test_the_lists_do_not_overlap():
    several, pairs, flawed = map(set, (list_several(ADAM), list_pairs(ADAM), list_flawed(ADAM)))
    assert not several & pairs
    assert not flawed & several
    assert all(len(s) > 1 for s in several)
    variants = load_page(ADAM).variants
    assert all(sum(name not in variants for name in s) == 1 for s in flawed)
    assert {s[0] for s in list_single(ADAM)} == set(list_edits(ADAM))


def test_hyperparameters_between_0_and_1_may_be_meant_the_other_way():
    assert set(list_complements(ADAM)) == {"beta1-complement", "beta2-complement"}


def test_neighbours_differ_by_one_edit():
    page = load_page(ADAM)
    form = Form(("eps-hat",), compose_rule(ADAM, ("eps-hat",)))
    neighbours = {f.edits for f in find_neighbours(page, form)}
    assert {(), ("epsilon-in-root",), ("eps-hat", "amsgrad")} <= neighbours
    assert ("eps-hat",) not in neighbours


def test_a_constant_is_an_edit_with_words():
    page = load_page(ADAM)
    base = Form((), page.rule)
    names = {slot.name for slot in find_slots(page, page.rule)}
    assert {"epsilon", "m", "learning_rate*", "g*"} <= names
    filled = ConstantSlot("epsilon", "epsilon = {}", "epsilon is taken as {}").fill(base, 1e-5)
    assert filled.name == filled.display == "epsilon=1e-05"
    assert filled.words == ("epsilon is taken as 1e-05, whatever is passed",)
    assert "epsilon = 1e-05" in str(filled.rule)
    (other,) = change_constants(filled)
    assert other.constants == {"epsilon": 1e-5 * 1.5}


def test_every_line_but_the_result_may_have_a_factor():
    page = load_page("optimizers/adam")
    slots = {slot.name: slot for slot in find_factors(page, page.rule)}
    assert list(slots) == ["m*", "v*", "m_hat*", "v_hat*", "step*"]
    filled = slots["v_hat*"].fill(Form((), page.rule), 2.0)
    assert filled.words == ("v_hat is multiplied by 2.0",)
    assert "v_hat = 2.0 * (v / (1 - beta2 ** t))" in str(filled.rule)


def test_the_numbers_of_an_error_are_slots():
    page = load_page("optimizers/sgd")
    rule = compose_rule("optimizers/sgd", ("hidden-momentum",))
    (slot,) = find_literals(page, rule)
    assert slot.line == "b = {0} * b + g"
    assert slot.words == "with {} in place of 0.9"
    assert not find_literals(page, page.rule)
    assert ("hidden-momentum",) in list_with_literals("optimizers/sgd")
    assert ("ascent",) not in list_with_literals("optimizers/sgd")


def test_a_product_may_be_rounded_before_its_whole_part_is_taken():
    (rule,) = list_float_products("search/validation_split").values()
    assert str(rule.body[0]) == "k = floor_int(ratio * count(permutation))"
    assert not list_float_products(ADAM)
