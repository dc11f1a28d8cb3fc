"""The effects as a function: as the command does, on any executor."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from trainspec.conformance import reproduce
from trainspec.conformance.basics.errors import UserError
from trainspec.conformance.effects import trials


def test_figures_do_not_depend_on_the_executor():
    counted = []
    one = reproduce(["activation_spread"], seeds=2, tick=partial(counted.append, 1))
    two = reproduce(["activation_spread"], seeds=2, make_executor=partial(ThreadPoolExecutor, 4))
    assert one == two
    assert len(counted) == 24
    assert one[0].holds


def test_results_are_kept_where_it_is_said(tmp_path, monkeypatch):
    first = reproduce(["update_paths"], keep=tmp_path)
    monkeypatch.setattr(trials, "run_trial", None)
    assert reproduce(["update_paths"], keep=tmp_path) == first


def test_an_interrupt_is_passed_on(monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(trials, "run_trials", interrupted)
    with pytest.raises(KeyboardInterrupt):
        reproduce(["update_paths"])


def test_what_does_not_exist_is_refused():
    with pytest.raises(UserError, match="no effect 'nothing'"):
        reproduce(["nothing"])
