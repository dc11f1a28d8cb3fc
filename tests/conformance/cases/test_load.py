"""Loading cases: by technique, level and id; what does not exist is named."""

from __future__ import annotations

import numpy as np
import pytest

from trainspec.conformance.basics.errors import CaseError
from trainspec.conformance.cases.load import flatten_numbers, load_cases


def test_cases_are_narrowed_by_technique_level_and_id():
    every = load_cases()
    assert len({case.id for case in every}) == len(every)
    adam = load_cases(["adam"])
    assert {case.technique for case in adam} == {"optimizers/adam"}
    core = load_cases(["adam"], ["core"])
    assert 0 < len(core) < len(adam)
    assert [c.id for c in load_cases(ids=["sgd/changing-rate"])] == ["sgd/changing-rate"]


@pytest.mark.parametrize(
    ("names", "ids", "message"),
    [
        ((), ["adam/none"], "no case adam/none: `trainspec list --cases` lists them all"),
        ((), ["none/none"], "no case none/none"),
        (["sgd"], ["adam/first-step"], "no case adam/first-step among those of sgd"),
    ],
)
def test_a_case_that_does_not_exist_is_named(names, ids, message):
    with pytest.raises(CaseError, match=message):
        load_cases(names, ids=ids)


def test_numbers_are_flat_float64():
    found = flatten_numbers([1, 0.5, "NaN", "-Infinity"])
    np.testing.assert_array_equal(found, [1.0, 0.5, np.nan, -np.inf])
    assert found.dtype == np.float64
