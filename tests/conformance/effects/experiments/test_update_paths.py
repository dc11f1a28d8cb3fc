"""The paths: the reference ends where certified values say, and a wrong rule does not."""

from __future__ import annotations

import numpy as np
import pytest

from helpers import adapter
from trainspec.conformance.effects.experiments.update_paths import GOLDEN, SETTINGS, measure, run
from trainspec.conformance.effects.parts import Parts

#: What the book's own code prints, and how its Adam is called here.
BOOK = {
    ("sgd", "canonical"): (-0.35039299575231969, 0.084782316550432196),
    ("momentum", "canonical"): (0.89641385849373301, 0.088085601715069711),
    ("adagrad", "canonical"): (-0.12016232231416045, 2.486389893984459e-17),
    ("adam", "eps-hat"): (0.13600685239498186, 0.31824537553721943),
}


def test_the_reference_ends_where_it_should():
    figures = measure({rule: run(rule, 0, Parts(), None) for rule in SETTINGS})
    for rule in SETTINGS:
        assert figures[f"{rule} end point"] < 1
    assert figures["sgd zig-zag over momentum"] == pytest.approx(36.21 / 8.93, rel=1e-3)


@pytest.mark.parametrize(("rule", "form"), BOOK)
def test_the_book_s_figures_are_the_certified_ones(rule, form):
    certified = GOLDEN["end_points"][rule][form]
    off = np.abs(np.subtract(BOOK[rule, form], (certified["x"], certified["y"])))
    assert (off <= certified["tolerance"]["float64"]).all()


def test_a_wrong_rule_ends_elsewhere():
    def start(params, learning_rate):
        held = list(params)

        def step(grads, learning_rate):
            held[:] = [w - learning_rate * (1 + 1e-12) * g for w, g in zip(held, grads)]
            return list(held)

        return step

    path = run("sgd", 0, Parts(adapter(sgd_start=start)), None)
    assert measure({"sgd": path})["sgd end point"] > 10


def test_a_form_without_a_certified_end_is_not_judged():
    path = {"x": [0.0, 1.0], "y": [0.0, 1.0], "form": "weight-decay", "type": "float64"}
    assert "sgd end point" not in measure({"sgd": path})
