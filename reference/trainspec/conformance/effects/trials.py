"""Running trials side by side: on any executor, with what is done kept for the next time.

A trial is one setting of one effect with one seed; it depends on nothing but these and the
implementation, so the results are the same in any order and on any machine with the same NumPy.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, as_completed
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct, field
from msgspec.structs import asdict

from trainspec import __version__
from trainspec.conformance.basics.errors import NoAnswerError, UserError
from trainspec.conformance.basics.paths import PACKAGE
from trainspec.conformance.effects.data import CLAIMED, DATA, Data
from trainspec.conformance.effects.executors import InlineExecutor
from trainspec.conformance.effects.page import find_experiment
from trainspec.conformance.effects.parts import Parts
from trainspec.conformance.implementations.python_module import (
    PythonModule,
    describe_error,
)
from trainspec.conformance.implementations.target import load_implementation, split_target

#: So often workers may die without one trial being finished in between.
LIVES = 3


class TrialError(NoAnswerError):
    """A part that raised something in the middle of a trial."""

    reason = "a part crashed"


class Source(Struct, frozen=True):
    """Where the parts come from: a target, and mistakes that are put in their place.

    `data` names the images that the networks learn, one of `DATA`.
    """

    target: str = ""
    mistakes: tuple[tuple[str, str], ...] = ()
    data: str = CLAIMED

    def load(self) -> Parts:
        """The parts.

        Raises `UserError` for what is not a Python adapter: a program could not keep up.
        """
        return Parts(_load_target(self.target, self.fingerprint()), dict(self.mistakes))

    def fingerprint(self) -> str:
        """What the results depend on: the adapter's file, trainspec's own, and NumPy."""
        digest = hashlib.sha256()
        for text in (__version__, np.__version__, self.target, repr(self.mistakes), self.data):
            digest.update(text.encode())
        own = [*(PACKAGE / "conformance" / "effects").rglob("*.py"), *PACKAGE.glob("*/[a-z]*.py")]
        given = [Path(word) for word in split_target(self.target) if word.endswith(".py")]
        for path in (*sorted(own), *given):
            digest.update(path.read_bytes() if path.is_file() else b"")
        return digest.hexdigest()[:16]


class Trial(Struct, frozen=True):
    """One setting of one effect with one seed."""

    effect: str
    setting: str
    seed: int

    @property
    def key(self) -> str:
        """A name for its file."""
        words = f"{self.effect} {self.setting} {self.seed}"
        return "".join(c if c.isalnum() else "-" for c in words)


class Record(Struct):
    """What a trial returned, and whose parts it used."""

    result: dict[str, Any]
    used: list[str]
    lacking: list[str]


def list_trials(effects: Sequence[str], seeds: int) -> list[Trial]:
    """Every trial of the effects.

    What is the same for every seed is tried once.
    """
    trials = []
    for effect in effects:
        experiment = find_experiment(effect)
        for seed in range(seeds if experiment.RANDOM else 1):
            trials += [Trial(effect, setting, seed) for setting in experiment.SETTINGS]
    return trials


@cache
def _load_target(target: str, fingerprint: str) -> PythonModule | None:
    """The implementation, loaded once in a process unless it changes; None for the reference."""
    if not target:
        return None
    implementation = load_implementation(split_target(target), in_process=True)
    if not isinstance(implementation, PythonModule):
        implementation.close()
        raise UserError(
            f"{target}: effects need a Python adapter; a program is asked over a pipe, which is "
            "too slow for thousands of iterations"
        )
    return implementation


@cache
def _load_data(name: str) -> Data:
    return DATA[name]()


def run_trial(source: Source, trial: Trial, fingerprint: str) -> Record:
    """Run one trial, in whatever process; the fingerprint is the source's."""
    experiment = find_experiment(trial.effect)
    # Parts of its own, since a trial notes whose parts it used, and others may run beside it.
    parts = Parts(_load_target(source.target, fingerprint), dict(source.mistakes))
    data = _load_data(source.data) if experiment.NEEDS_IMAGES else None
    try:
        # What an adapter prints must not get into a report on standard output.
        with warnings.catch_warnings(), redirect_stdout(sys.stderr):
            warnings.simplefilter("ignore")
            result = experiment.run(trial.setting, trial.seed, parts, data)
    except (UserError, KeyboardInterrupt):
        raise
    except BaseException as error:  # whatever a part raises, SystemExit included
        what = describe_error(error)
        where = f"{trial.effect}, {trial.setting}, seed {trial.seed}"
        raise TrialError(f"{where}: {what}") from None
    return Record(result, sorted(parts.used), sorted(parts.lacking - parts.used))


class Keeper(Struct):
    """Results in a folder, one file a trial, so that a rerun goes on where the last one ended.

    With `fresh` what was kept before is not used.
    """

    folder: Path | None
    warn: Callable[[str], None] = field(default=lambda text: None)
    fresh: bool = False
    _full: bool = False

    def load(self, trial: Trial) -> Record | None:
        """What was kept of a trial, if it can be read."""
        if self.folder is None or self.fresh:
            return None
        try:
            kept = json.loads((self.folder / f"{trial.key}.json").read_text("utf-8"))
            record = Record(kept["result"], kept["used"], kept["lacking"])
            parts = record.used, record.lacking
            whole = isinstance(record.result, dict) and all(isinstance(p, list) for p in parts)
            return record if whole else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, trial: Trial, record: Record) -> None:
        """Store a result, whole or not at all. If the disk is full, warn once and go on without
        storing.
        """
        if self.folder is None or self._full:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self.folder, suffix=".part")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    json.dump(asdict(record), file)
                os.replace(name, self.folder / f"{trial.key}.json")
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
        except OSError as error:
            self._full = True
            self.warn(f"results are not kept from here on: {error}")


def collect_records(
    source: Source,
    trials: Sequence[Trial],
    make_executor: Callable[[], Executor],
    keeper: Keeper,
    tick: Callable[[], None],
) -> tuple[dict[Trial, Record], bool]:
    """The results by trial, and whether all are there: an interrupt leaves those so far.

    They are in the order of `trials`, whichever worker was faster. `tick` is called for each.
    """
    records: dict[Trial, Record] = {}
    try:
        for trial, record in run_trials(source, trials, make_executor, keeper):
            records[trial] = record
            tick()
    except KeyboardInterrupt:
        pass
    ordered = {trial: records[trial] for trial in trials if trial in records}
    return ordered, len(ordered) == len(trials)


def run_trials(
    source: Source,
    trials: Iterable[Trial],
    make_executor: Callable[[], Executor],
    keeper: Keeper,
) -> Iterator[tuple[Trial, Record]]:
    """The results of all trials, as they are finished; those that were kept come first.

    A trial that a dying worker loses is run again. Raises `UserError` where workers die time after
    time, `TrialError` for what a part raises.
    """
    waiting: dict[Trial, None] = {}
    for trial in trials:
        kept = keeper.load(trial)
        if kept is None:
            waiting[trial] = None
        else:
            yield trial, kept
    lives, fingerprint = LIVES, source.fingerprint()
    while waiting:
        executor = make_executor()
        futures: dict[Future[Record], Trial] = {}
        try:
            futures = {
                executor.submit(run_trial, source, trial, fingerprint): trial for trial in waiting
            }
            for trial, record in _collect(futures):
                keeper.keep(trial, record)
                del waiting[trial]
                lives = LIVES
                yield trial, record
        except Exception as error:
            # Dask's word for a trial whose worker died is in a package that may not be there.
            if not isinstance(error, BrokenExecutor) and type(error).__name__ != "KilledWorker":
                raise
            lives -= 1
            if not lives:
                raise UserError(
                    f"a worker died {LIVES} times without finishing a trial; the last ones were "
                    f"{', '.join(trial.key for trial in list(waiting)[:2])}"
                ) from None
            keeper.warn("a worker died; its trials are run again")
        finally:
            _finish(executor, futures, waiting, keeper)


def _finish(
    executor: Executor,
    futures: Mapping[Future[Record], Trial],
    waiting: Iterable[Trial],
    keeper: Keeper,
) -> None:
    """Start no further trial, wait for those that run, and keep what they return."""
    for future in futures:
        future.cancel()
    executor.shutdown(wait=True, cancel_futures=True)
    if isinstance(executor, InlineExecutor):
        return  # it runs nothing by itself
    left = set(waiting)
    for future, trial in futures.items():
        if trial in left and not future.cancelled() and future.exception() is None:
            keeper.keep(trial, future.result())


def _collect(futures: Mapping[Future[Record], Trial]) -> Iterator[tuple[Trial, Record]]:
    for future in as_completed(futures):
        yield futures[future], future.result()
