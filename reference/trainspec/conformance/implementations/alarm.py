"""Time limits for Python code in this process: an alarm of the platform, where it has them."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import FrameType


class OutOfTimeError(BaseException):
    """The time is over. Not an Exception: an adapter's own handlers must not swallow it."""


class _Alarm:
    """Whether the alarm's handler is installed already."""

    kept = False


def _has_alarms() -> bool:
    """Whether the platform, and this thread, can have alarms."""
    main = threading.current_thread() is threading.main_thread()
    return hasattr(signal, "setitimer") and main


def _ring(signum: int, frame: FrameType | None) -> None:
    raise OutOfTimeError


@contextmanager
def keep_alarm() -> Iterator[None]:
    """Install the alarm's handler once for many calls with a time limit; it takes a while."""
    if _Alarm.kept or not _has_alarms():
        yield
        return
    before = signal.signal(signal.SIGALRM, _ring)
    _Alarm.kept = True
    try:
        yield
    finally:
        _Alarm.kept = False
        signal.signal(signal.SIGALRM, before)


@contextmanager
def limit_time(seconds: float) -> Iterator[None]:
    """Raise `OutOfTimeError` in Python code that runs longer, where the platform has alarms."""
    if not _has_alarms():
        yield
        return
    with nullcontext() if _Alarm.kept else keep_alarm():
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
