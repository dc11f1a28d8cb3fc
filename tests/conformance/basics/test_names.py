"""Names: written and read back, one place for each."""

from __future__ import annotations

import pytest

from trainspec.conformance.basics.names import (
    TYPE_NAMES,
    CaseInType,
    Offering,
    Place,
    default_case,
    display_form,
    draw_case,
    draw_function,
    family_of,
    join_form,
    make_case_id,
    matches_technique,
    names_finding,
    operation_of,
    split_form,
    technique_in,
)


def test_a_technique_is_a_folder_and_an_operation():
    assert family_of("optimizers/adam") == "optimizers"
    assert operation_of("optimizers/adam") == "adam"
    assert technique_in("optimizers", "adam") == "optimizers/adam"
    assert all(
        matches_technique(w, "optimizers/adam") for w in ("adam", "optimizers", "optimizers/adam")
    )
    assert not matches_technique("ada", "optimizers/adam")


@pytest.mark.parametrize(
    ("name", "edits"),
    [
        ("", ()),
        ("canonical", ()),
        ("eps-hat", ("eps-hat",)),
        ("eps-hat+amsgrad", ("eps-hat", "amsgrad")),
    ],
)
def test_a_form_is_its_edits(name, edits):
    assert split_form(name) == edits
    assert split_form(join_form(edits)) == edits
    assert display_form(join_form(edits)) == (name or "canonical")


@pytest.mark.parametrize("text", ["adam", "adam:amsgrad", "momentum:canonical"])
def test_an_offering_is_read_as_it_is_written(text):
    assert str(Offering.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    ["adam/first-step", "adam:amsgrad/first-step", "adam:a+b/first-step in float64"],
)
def test_a_case_in_a_type_is_read_as_it_is_written(text):
    case = CaseInType.parse(text)
    assert str(case) == text
    assert case.case_id == make_case_id("adam", "first-step") == "adam/first-step"
    assert case.type in ("", *TYPE_NAMES)


def test_a_place_is_written_for_people():
    assert str(Place(1, 0, (0, 2))) == "step 1, tensor 0, element [0, 2]"
    assert str(Place(None, "loss")) == "loss, element []"
    assert str(Place(3, "running_mean", (1,))) == "step 3, running_mean, element [1]"


def test_draws_and_defaults_have_names_of_their_own():
    assert draw_function("he") == "he_draw"
    assert names_finding(draw_case("mean"))
    assert not names_finding(default_case("learning_rate"))
    assert default_case("learning_rate") == "default-learning-rate"
