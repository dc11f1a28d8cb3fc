"""Serving a Python adapter: every request gets one answer, in order."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest

from helpers import adapter
from trainspec.conformance.implementations.serve import serve_requests
from trainspec.conformance.implementations.target import load_implementation

TENSOR = {"shape": [1], "data": [1.0]}
SGD = {
    "id": 3, "operation": "sgd", "type": "float32",
    "inputs": {"params": [TENSOR], "grads": [[TENSOR]]},
    "hyperparameters": {"learning_rate": [0.5]},
}  # fmt: skip


def serve(implementation, *requests):
    lines = [r if isinstance(r, bytes) else json.dumps(r).encode() for r in requests]
    out = io.BytesIO()
    serve_requests(implementation, io.BytesIO(b"\n".join(lines) + b"\n"), out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_answers_come_in_order_with_their_ids():
    reference = load_implementation(["reference"])
    about, answer = serve(reference, {"id": 0, "operation": "describe"}, SGD)
    assert about["outputs"]["name"] == "trainspec reference"
    assert answer == {"id": 3, "outputs": {"params": [[{"shape": [1], "data": [0.5]}]]}}


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ({**SGD, "operation": "nonesuch"}, {"id": 3, "unsupported": True}),
        ({**SGD, "form": "weight-decay"}, {"id": 3, "unsupported": True}),
    ],
)
def test_what_is_not_offered_is_unsupported(request_, answer):
    assert serve(load_implementation(["reference"]), request_) == [answer]


def test_a_rejection_and_a_line_that_is_no_request():
    def sgd(params, grads, *, learning_rate):
        raise ValueError("too fast")

    rejected, broken = serve(adapter(sgd=sgd), SGD, b"{")
    assert rejected == {"id": 3, "error": "ValueError: too fast"}
    assert broken["error"].startswith("not a request")


def test_draws_are_served_with_whole_numbers():
    def xavier_draw(*, seed, fan_in, fan_out):
        return np.random.default_rng(seed).standard_normal((fan_in, fan_out))

    asked = {"id": 4, "operation": "xavier_draw", "type": "float64", "inputs": {},
             "hyperparameters": {"seed": 1, "fan_in": 2, "fan_out": 3}}  # fmt: skip
    (answer,) = serve(adapter(xavier_draw=xavier_draw), asked)
    assert answer["outputs"]["W"]["shape"] == [2, 3]
