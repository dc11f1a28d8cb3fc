"""Time limits for Python code in this process."""

from __future__ import annotations

import signal
import time

import pytest

from trainspec.conformance.implementations.alarm import OutOfTimeError, keep_alarm, limit_time


def test_time_runs_out_even_where_exceptions_are_swallowed():
    def swallow():
        with limit_time(0.05):
            while True:
                try:
                    time.sleep(0.01)
                except Exception:
                    continue

    with pytest.raises(OutOfTimeError):
        swallow()


def test_a_handler_that_is_kept_serves_many_calls_and_is_taken_back():
    before = signal.getsignal(signal.SIGALRM)
    with keep_alarm():
        for _ in range(2):
            with pytest.raises(OutOfTimeError), limit_time(0.01):
                time.sleep(60)
        with limit_time(60):
            pass
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) == before
