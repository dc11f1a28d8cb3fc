"""The certifier: corrupted pages and golden files are caught, ids and margins hold."""

from __future__ import annotations

import json

import pytest

from trainspec.conformance.basics.paths import golden_path, page_path
from trainspec.conformance.derivation import certify
from trainspec.conformance.derivation.certify import certify_technique, compare_manifest
from trainspec.conformance.derivation.golden import derive_golden
from trainspec.conformance.derivation.golden_files import format_golden
from trainspec.conformance.pages.load import read_page
from trainspec.conformance.pages.parts import PageError

TECHNIQUE = "optimizers/sgd"


@pytest.fixture
def forged(monkeypatch, tmp_path):
    """A function that puts altered text in place of the technique's golden file or page."""

    def forge(kind, change):
        real = {"golden": golden_path, "page": page_path}[kind](TECHNIQUE)
        path = tmp_path / real.name
        text = real.read_text("utf-8")
        changed = change(text)
        assert changed != text
        path.write_text(changed, "utf-8")
        monkeypatch.setattr(certify, f"{kind}_path", lambda technique: path)
        return certify_technique(TECHNIQUE)[1]

    return forge


def golden_change(edit):
    def change(text):
        data = json.loads(text)
        edit(data["cases"][0])
        return format_golden(data)

    return change


def one_ulp(case):
    case["expected"][3] *= 1 + 2**-52


def wider(case):
    case["tolerance"]["float32"][0] *= 1.1


def other_input(case):
    case["inputs"]["grads"][0][0]["data"][0] *= 2


def lost_margin(case):
    del case["margins"]["float64"]["ascent"]


def other_clause(case):
    case["clauses"] = ["SGD-7"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("edit", "place"),
    [
        (one_ulp, "cases[sgd/changing-rate].expected[3]"),
        (wider, "cases[sgd/changing-rate].tolerance.float32[0]"),
        (other_input, "cases[sgd/changing-rate].inputs.grads[0][0].data[0]"),
        (lost_margin, "cases[sgd/changing-rate].margins.float64.ascent"),
        (other_clause, "cases[sgd/changing-rate].clauses"),
    ],
)
def test_a_corrupted_golden_file_is_caught_where_it_is(forged, edit, place):
    (difference,) = forged("golden", golden_change(edit))
    assert difference.place == place


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("W = W - learning_rate * g\n", "W = W - learning_rate * g * 2\n"),
        lambda text: text.replace("[0.5, 0.5, 0.25, 0.125, 1.0]", "[0.5, 0.5, 0.25, 0.125, 0.9]"),
        lambda text: text.replace("g = g + weight_decay * W", "g = g + weight_decay * W * W"),
        lambda text: text.replace("level: core", "level: edge", 1),
        lambda text: text.replace("[SGD-5]", "[SGD-4]", 1),
    ],
)
def test_a_corrupted_page_is_caught(forged, change):
    try:
        found = forged("page", change)
    except PageError as error:  # the page's other orders no longer compute the same
        found = "an order gives" in str(error)
    assert found


@pytest.mark.slow
def test_broken_and_missing_golden_files_are_told(forged, monkeypatch, tmp_path):
    (difference,) = forged("golden", lambda text: text[:-20])
    assert "not JSON" in str(difference)
    monkeypatch.setattr(certify, "golden_path", lambda technique: tmp_path / "none.json")
    (difference,) = certify_technique(TECHNIQUE)[1]
    assert difference.stored == "nothing"


@pytest.mark.slow
def test_forms_that_no_case_tells_apart_are_told(forged):
    differences = forged(
        "page",
        lambda text: text.replace(
            "| ascent |",
            "| same-again | `W = W - g * learning_rate` | nothing | SGD-1 |\n| ascent |",
        ),
    )
    assert any("the rule and same-again in float64" in str(d) for d in differences)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("## Rule", "## Rules"), "the page has no section “## Rule”"),
        (("level: core", "level: easy"), "level must be one of core"),
        (("clauses: [SGD-1]", "clauses: [SGD-99]"), "has no clause SGD-99"),
        (("gradients: large", "gradients: loud"), "pattern 'loud' of grads is none of varied"),
        (("learning_rate: 0.01", "rate: 0.01"), "missing ['learning_rate'], unknown ['rate']"),
        (("| ascent |", "| weight-decay |"), "'weight-decay' names two variants or errors"),
    ],
)
def test_a_page_that_cannot_be_read_says_why(change, message):
    text = page_path(TECHNIQUE).read_text("utf-8").replace(*change)
    with pytest.raises((PageError, ValueError)) as caught:
        derive_golden(read_page(text, TECHNIQUE))
    assert message in str(caught.value)


def test_manifest_notices_a_changed_file(monkeypatch, tmp_path):
    (tmp_path / "manifest.json").write_text('{"sha256": {"optimizers/sgd.json": "0"}}')
    monkeypatch.setattr(certify, "find_folder", lambda name: tmp_path)
    assert any("optimizers/sgd.json" in d.place for d in compare_manifest())
