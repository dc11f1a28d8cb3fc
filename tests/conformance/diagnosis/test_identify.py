"""Identification: the evidence, the closest alternative, cases without an answer."""

from __future__ import annotations

import numpy as np
from click.testing import CliRunner

from command_line import ADAMW
from helpers import adapter
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.cli.group import main
from trainspec.conformance.diagnosis.identify import identify_operations
from trainspec.conformance.implementations.target import load_implementation


def identity(of, operation, kind):
    """The last identity: with everything passed that the implementation names."""
    return list(identify_operations(of, load_cases([operation]), kind))[-1]


def test_the_reference_is_canonical_with_its_evidence():
    (found,) = identify_operations(
        load_implementation(["reference"]), load_cases(["adam"]), "float64"
    )
    assert found.diagnosis.form == "canonical"
    assert found.recheck is not None
    assert found.recheck.passed == found.recheck.asked > 20
    assert found.recheck.error <= 1
    assert found.alternative is not None
    assert found.alternative.tolerances > 100
    assert found.alternative.separating >= 1


def test_cases_without_an_answer_are_told(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        ADAMW.replace(
            "    params = list(params)\n",
            "    if len(grads) > 5:\n        raise RuntimeError('out of paper')\n"
            "    params = list(params)\n",
        )
    )
    result = CliRunner().invoke(main, ["identify", str(path), "adam"])
    assert "without an answer" in result.output
    assert "crashed: RuntimeError: out of paper" in result.output


def test_draws_are_identified_and_what_draws_nothing_is_left_out():
    def xavier_draw(*, seed, fan_in, fan_out):
        z = np.random.default_rng(seed).standard_normal((fan_in, fan_out))
        return z * np.sqrt(2 / (fan_in + fan_out))

    def broken(**_):
        raise NotImplementedError

    own = adapter(xavier_draw=xavier_draw, he_draw=broken)
    found = list(identify_operations(own, load_cases(["xavier", "he"])))
    assert [(str(i.offering), i.diagnosis.form) for i in found] == [("xavier_draw", "glorot")]
