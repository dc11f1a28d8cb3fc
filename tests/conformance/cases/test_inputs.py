"""Inputs in a type: made afresh for every call, and watched for every kind of change."""

from __future__ import annotations

import warnings

import ml_dtypes
import numpy as np
import pytest

from trainspec.conformance.cases.inputs import make_inputs
from trainspec.conformance.cases.load import load_cases

(CASE,) = load_cases(ids=["adam/changing-rate"])


def write(nest):
    nest["params"][1][0] = 9


def write_last(nest):
    nest["grads"][-1][-1][...] = 9


def replace_tensor(nest):
    nest["params"][0] = nest["params"][0].copy()


def reshape(nest):
    with warnings.catch_warnings():  # NumPy 2.5 warns of what an adapter may still do
        warnings.simplefilter("ignore", DeprecationWarning)
        nest["params"][0].shape = (3, 2)


def lose(nest):
    nest["grads"][0].pop()


def add(nest):
    nest["params"].append(np.zeros(1))


def clear(nest):
    nest["grads"].clear()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (write, "params[1]"),
        (write_last, "grads[5][2]"),
        (replace_tensor, "params[0]"),
        (reshape, "params[0]"),
        (lose, "list of tensors"),
        (add, "list of tensors"),
        (clear, "list of tensors"),
    ],
)
def test_a_change_is_seen_and_named(change, named):
    inputs = make_inputs(CASE, "float64")
    assert inputs.find_change() == ""
    change(inputs.nest)
    assert inputs.find_change() == named


def test_every_call_gets_inputs_of_its_own():
    first = make_inputs(CASE, "float32")
    first.nest["params"][0][...] = 7
    again = make_inputs(CASE, "float32")
    assert not (again.nest["params"][0] == 7).any()
    assert again.nest["params"][0].dtype == np.float32


def test_types_round_and_shapes_are_kept():
    nest = make_inputs(CASE, "bfloat16").nest
    assert [W.shape for W in nest["params"]] == [(2, 3), (2,), ()]
    assert nest["grads"][0][0].dtype == ml_dtypes.bfloat16


def test_a_nan_is_no_change():
    (case,) = load_cases(ids=["sgd/nan-gradient"])
    assert make_inputs(case, "float64").find_change() == ""
