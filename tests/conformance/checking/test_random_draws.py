"""Asking for draws: the reference passes, wrong shapes and crashes are told."""

from __future__ import annotations

import math

import numpy as np
import pytest

from helpers import adapter
from trainspec.conformance.basics.paths import list_techniques
from trainspec.conformance.cases.result import Outcome
from trainspec.conformance.checking.random_draws import MASK_ALONE, check_draws
from trainspec.conformance.implementations.target import load_implementation
from trainspec.conformance.pages.load import load_page

DRAWING = [technique for technique in list_techniques() if load_page(technique).draws]


def test_pages_say_what_is_drawn():
    assert {"initializers/he", "initializers/normal", "initializers/xavier", "layers/dropout"} <= {
        *DRAWING
    }


@pytest.mark.parametrize("technique", DRAWING)
def test_the_reference_passes(technique):
    found = list(check_draws(load_implementation(["reference"]), [technique], ["float64"]))
    assert {r.outcome for r in found} == {Outcome.PASS}
    assert len(found) >= 12


def test_a_wrong_shape_and_a_crash_are_told():
    square = adapter(he_draw=lambda *, seed, fan_in, fan_out: np.zeros((fan_out, fan_in)))
    result, *_ = check_draws(square, ["initializers/he"], ["float64"])
    assert result.outcome is Outcome.WRONG
    assert "expected shape (64, 512), got shape (512, 64)" in result.message
    broken = adapter(he_draw=lambda **_: 1 / 0)
    result, *_ = check_draws(broken, ["initializers/he"], ["float64"])
    assert result.outcome is Outcome.CRASHED


class Dropout:
    """A layer as a library may have it: `scale` in training, another `test_scale` at test time."""

    def __init__(self, ratio, seed, scale=1.0, test_scale=None):
        self.ratio, self.rng = ratio, np.random.default_rng(seed)
        self.scale = scale
        self.test_scale = 1 - ratio if test_scale is None else test_scale

    def forward(self, x):
        self.mask = self.rng.random(x.shape) > self.ratio
        return np.where(self.mask, x * self.scale, 0)

    def backward(self, dy):
        return np.where(self.mask, dy * self.scale, 0)

    def predict(self, x):
        return x * self.test_scale


def run_layers(make, backward=lambda layer, dy, x, y: layer.backward(dy)):
    """An adapter's function that sends the batches through one layer, one after the other."""

    def dropout_draw(x, dy, *, ratio, seed):
        layer, outputs = make(ratio, seed), {"y": [], "dx": [], "test": []}
        for batch, gradient in zip(x, dy):
            outputs["y"].append(layer.forward(batch))
            outputs["dx"].append(backward(layer, gradient, batch, outputs["y"][-1]))
            outputs["test"].append(layer.predict(batch))
        return {name: np.array(values) for name, values in outputs.items()}

    return dropout_draw


def inverted(ratio, seed):
    return Dropout(ratio, seed, 1 / (1 - ratio), 1.0)


def judge_dropout(function, form="", kind="float64"):
    found = check_draws(
        adapter(dropout_draw=function), ["layers/dropout"], [kind], {"dropout": form}
    )
    return {r.case.name: r for r in found if r.outcome.fails}


@pytest.mark.parametrize("kind", ["float64", "float32"])
@pytest.mark.parametrize(("make", "form"), [(Dropout, ""), (inverted, "inverted")])
def test_a_layer_with_masks_of_its_own_is_judged_exactly(make, form, kind):
    assert not judge_dropout(run_layers(make), form, kind)
    other = "" if form else "inverted"
    assert "draws-whole" in judge_dropout(run_layers(make), other, kind)


class OtherMaskBackward(Dropout):
    def backward(self, dy):
        return np.where(self.rng.random(dy.shape) > self.ratio, dy, 0)


class SameMaskAlways(Dropout):
    def forward(self, x):
        self.mask = np.random.default_rng(self.ratio.hex().__hash__() % 7).random(x.shape)
        self.mask = self.mask > self.ratio
        return np.where(self.mask, x, 0)


class SameMaskForASeed(Dropout):
    def __init__(self, ratio, seed):
        super().__init__(ratio, seed)
        self.seed = seed

    def forward(self, x):
        self.rng = np.random.default_rng(self.seed)
        return super().forward(x)


class StaleMask(Dropout):
    """The mask of the first batch serves every backward pass."""

    def forward(self, x):
        y = super().forward(x)
        self.first = getattr(self, "first", self.mask)
        return y

    def backward(self, dy):
        return np.where(self.first, dy, 0)


@pytest.mark.parametrize(
    ("function", "failing"),
    [
        (run_layers(lambda r, s: Dropout(r, s, 1 / (1 - r))), "draws-whole"),
        (run_layers(lambda r, s: Dropout(r, s, 1.0, 1.0)), "draws-whole"),
        (run_layers(OtherMaskBackward), "draws-whole"),
        (run_layers(StaleMask), "draws-whole"),
        (run_layers(SameMaskAlways), "draws-other-seed"),
        (run_layers(SameMaskForASeed), "draws-second-call"),
        (run_layers(Dropout, lambda layer, dy, x, y: np.where(y != 0, dy, 0)), "draws-rate"),
        (run_layers(lambda r, s: Dropout(1 - r, s, 1.0, 1 - r)), "draws-rate"),
    ],
)
def test_a_wrong_layer_is_rejected_though_it_draws_its_own_masks(function, failing):
    assert failing in judge_dropout(function)


def test_a_mask_alone_is_judged_and_the_rest_said_not_to_be():
    def dropout_draw(*, seed, ratio, rows, columns):
        return (np.random.default_rng(seed).random((rows, columns)) > ratio).astype(float)

    found = list(check_draws(adapter(dropout_draw=dropout_draw), ["layers/dropout"], ["float64"]))
    assert not [r for r in found if r.outcome.fails]
    assert [r.message for r in found if r.outcome is Outcome.UNSUPPORTED] == [MASK_ALONE] * 2


def test_draws_of_a_further_form_are_held_to_it():
    def he_draw(*, seed, fan_in, fan_out):
        rng = np.random.default_rng(seed)
        return rng.uniform(-1, 1, (fan_in, fan_out)) * math.sqrt(6 / fan_in)

    own = adapter(forms={"he_draw:uniform": he_draw})
    found = list(check_draws(own, ["initializers/he"], ["float64"]))
    assert {r.outcome for r in found} == {Outcome.PASS}
    assert {str(r.case.offering) for r in found} == {"he:uniform"}
    assert {r.case.form for r in found} == {"uniform"}
    assert [
        r
        for r in check_draws(adapter(he_draw=he_draw), ["initializers/he"], ["float64"])
        if r.outcome.fails
    ]


def test_draws_are_shown_in_the_type_that_they_came_in():
    def xavier_draw(*, seed, fan_in, fan_out):
        z = np.random.default_rng(seed).standard_normal((fan_in, fan_out), np.float32)
        return z / np.float32(math.sqrt(fan_in))

    found = check_draws(adapter(xavier_draw=xavier_draw), ["initializers/xavier"], ["float64"])
    assert {(r.kind, r.outcome) for r in found} == {("float32", Outcome.PASS)}
