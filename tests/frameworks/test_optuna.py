"""Optuna: what its operations' cases do not show."""

from __future__ import annotations

import pytest

optuna = pytest.importorskip("optuna")


def test_the_default_sampler_is_not_a_random_one():
    assert type(optuna.create_study().sampler).__name__ == "TPESampler"
