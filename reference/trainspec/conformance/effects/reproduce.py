"""The effects as a function, for programs and notebooks; the command line does the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from pathlib import Path

from trainspec.conformance.effects.data import CLAIMED
from trainspec.conformance.effects.executors import InlineExecutor
from trainspec.conformance.effects.judge import JudgedEffect, judge_effect
from trainspec.conformance.effects.page import list_effects, load_effect
from trainspec.conformance.effects.trials import Keeper, Source, collect_records, list_trials


def reproduce(
    effects: Iterable[str] = (),
    target: str = "",
    *,
    seeds: int = 3,
    mistakes: Mapping[str, str] | None = None,
    data: str = CLAIMED,
    make_executor: Callable[[], Executor] = InlineExecutor,
    keep: Path | None = None,
    tick: Callable[[], None] = lambda: None,
) -> list[JudgedEffect]:
    """Reproduce the chapter's experiments with an implementation's parts: figures and claims.

    `effects` are names of pages under spec/effects/, all where empty; `target` is the path of a
    Python adapter or the name of a shipped one, the reference where empty. `mistakes` (operation
    -> name) puts a variant or a named error in an operation's place. `data` is ``mnist``, or
    ``digits``, of which nothing is claimed. Trials run on the executors
    that `make_executor` returns, by default in this process one after the other, and are kept in
    the folder `keep`. `tick` is called after every trial.

    Raises `UserError` for what does not exist and for a program as target, `TrialError` for what
    a part raises, and KeyboardInterrupt.
    """
    names = tuple(effects) or list_effects()
    pages = [load_effect(name) for name in names]
    source = Source(target, tuple((mistakes or {}).items()), data)
    source.load()
    keeper = Keeper(keep / source.fingerprint() if keep else None)
    trials = list_trials(names, seeds)
    records, finished = collect_records(source, trials, make_executor, keeper, tick)
    if not finished:
        raise KeyboardInterrupt
    return [judge_effect(page, records, data) for page in pages]
