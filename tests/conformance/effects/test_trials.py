"""Trials: on any executor the same, kept, resumed, and run again where a worker dies."""

from __future__ import annotations

import errno
import json
import os
from concurrent.futures import BrokenExecutor, Future
from functools import partial

import pytest
from msgspec.structs import asdict

from trainspec.conformance.basics.errors import UserError
from trainspec.conformance.effects import trials as module
from trainspec.conformance.effects.executors import (
    InlineExecutor,
    limit_threads,
    make_executor,
)
from trainspec.conformance.effects.trials import (
    LIVES,
    Keeper,
    Record,
    Source,
    Trial,
    TrialError,
    list_trials,
    run_trials,
)

SOURCE = Source()
FEW = [Trial("activation_spread", "tanh, xavier", seed) for seed in range(3)]


def results(trials, executor, keeper=None):
    found = run_trials(SOURCE, trials, executor, keeper or Keeper(None))
    return {trial: record.result for trial, record in found}


def test_results_do_not_depend_on_the_executor():
    assert results(FEW, InlineExecutor) == results(FEW, partial(make_executor, 2))


def test_what_is_the_same_for_every_seed_is_tried_once():
    assert len(list_trials(["update_paths"], 7)) == 5
    assert len(list_trials(["weight_decay"], 7)) == 14


def test_a_rerun_uses_what_is_kept(tmp_path, monkeypatch):
    first = results(FEW, InlineExecutor, Keeper(tmp_path))
    assert len(list(tmp_path.glob("*.json"))) == 3
    monkeypatch.setattr(module, "run_trial", None)  # nothing is left to run
    assert results(FEW, InlineExecutor, Keeper(tmp_path)) == first


def test_a_file_that_cannot_be_read_is_run_again(tmp_path):
    right = results(FEW[:1], InlineExecutor, Keeper(tmp_path))
    (path,) = tmp_path.glob("*.json")
    path.write_text('{"result":')
    assert results(FEW[:1], InlineExecutor, Keeper(tmp_path)) == right
    assert json.loads(path.read_text())["result"] == right[FEW[0]]


def test_a_full_disk_loses_nothing_that_is_finished(tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    told = []
    monkeypatch.setattr(os, "replace", full)
    found = results(FEW, InlineExecutor, Keeper(tmp_path, told.append))
    assert len(found) == 3
    assert len(told) == 1
    assert "No space left on device" in told[0]
    assert list(tmp_path.iterdir()) == []


class Dying(InlineExecutor):
    """An executor whose worker dies at the second trial, as often as `deaths` says."""

    deaths = 1

    def submit(self, fn, /, *args, **kwargs):
        if args[1] != FEW[1] or not Dying.deaths:
            return super().submit(fn, *args, **kwargs)
        Dying.deaths -= 1
        future = Future()
        future.set_exception(BrokenExecutor("a worker died"))
        return future


def test_a_dying_worker_s_trials_are_run_again(monkeypatch):
    told = []
    monkeypatch.setattr(Dying, "deaths", 2)
    found = results(FEW, Dying, Keeper(None, told.append))
    assert found == results(FEW, InlineExecutor)
    assert told
    assert set(told) == {"a worker died; its trials are run again"}


def test_workers_that_die_time_after_time_end_the_run(monkeypatch):
    monkeypatch.setattr(Dying, "deaths", 100)
    with pytest.raises(UserError, match=f"a worker died {LIVES} times without finishing"):
        results(FEW[1:2], Dying)


KILLER = """
import os, signal
from pathlib import Path
import numpy as np
MARK = Path({mark!r})
def xavier(z, *, fan_in, fan_out):
    if not MARK.exists() and os.getpid() != {main}:
        MARK.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return z / np.sqrt(fan_in)
"""


def run_with_a_killer(tmp_path, executor):
    """The results of trials of which the first attempt of one kills its process, and the notes."""
    adapter, mark, told = tmp_path / "killer.py", tmp_path / "killed", []
    adapter.write_text(KILLER.format(mark=str(mark), main=os.getpid()))
    keeper = Keeper(tmp_path / "kept", told.append)
    found = dict(run_trials(Source(str(adapter)), FEW, executor, keeper))
    assert mark.exists()
    assert all("xavier" in record.used for record in found.values())
    right = results(FEW, InlineExecutor)
    assert {t: r.result["std"] for t, r in found.items()} == {
        t: pytest.approx(r["std"]) for t, r in right.items()
    }
    return told


@pytest.mark.slow
def test_a_real_worker_that_is_killed_loses_no_finished_trial(tmp_path):
    told = run_with_a_killer(tmp_path, partial(make_executor, 2))
    assert told == ["a worker died; its trials are run again"]


@pytest.mark.slow
def test_a_worker_of_a_cluster_that_is_killed_loses_none_either(tmp_path):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None
    ) as cluster:
        run_with_a_killer(tmp_path, partial(make_executor, 1, cluster.scheduler_address))


def test_an_adapter_that_changes_has_another_fingerprint(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("name = 'one'\n")
    source = Source(str(path))
    before = source.fingerprint()
    assert source.fingerprint() == before
    path.write_text("name = 'two'\n")
    assert source.fingerprint() != before
    assert Source(str(path), (("he", "gain-one"),)).fingerprint() != source.fingerprint()


def test_what_a_part_raises_is_told_with_its_trial(tmp_path):
    path = tmp_path / "raising.py"
    path.write_text("def xavier(z, *, fan_in, fan_out):\n    raise RuntimeError('no such luck')\n")
    message = "^activation_spread, tanh, xavier, seed 0: RuntimeError: no such luck$"
    for executor in (InlineExecutor, partial(make_executor, 2)):
        with pytest.raises(TrialError, match=message):
            list(run_trials(Source(str(path)), FEW[:1], executor, Keeper(None)))
    path.write_text("import sys\ndef xavier(z, *, fan_in, fan_out):\n    sys.exit(0)\n")
    with pytest.raises(TrialError, match="SystemExit: 0"):
        list(run_trials(Source(str(path)), FEW, InlineExecutor, Keeper(None)))


def test_what_a_part_prints_does_not_get_into_a_report(tmp_path, capsys):
    path = tmp_path / "printing.py"
    path.write_text(
        "def xavier(z, *, fan_in, fan_out):\n    print('here')\n    return z / fan_in**0.5\n"
    )
    list(run_trials(Source(str(path)), FEW[:1], InlineExecutor, Keeper(None)))
    assert "here" in capsys.readouterr().err


def test_an_interrupted_run_starts_no_more_and_keeps_what_runs(tmp_path):
    many = [Trial("activation_spread", "tanh, xavier", seed) for seed in range(40)]
    found = run_trials(SOURCE, many, partial(make_executor, 2), Keeper(tmp_path))
    first = next(found)
    found.close()  # as an interrupt does
    kept = [trial for trial in many if Keeper(tmp_path).load(trial)]
    assert first[0] in kept
    assert len(kept) < 40


def test_a_file_of_another_form_is_run_again(tmp_path):
    (tmp_path / f"{FEW[0].key}.json").write_text('{"result": 5, "used": 3, "lacking": []}')
    assert Keeper(tmp_path).load(FEW[0]) is None


def test_a_program_is_refused():
    with pytest.raises(UserError, match="effects need a Python adapter"):
        Source("cat").load()


def test_threads_are_limited_unless_they_are_set(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    limit_threads()
    assert (os.environ["OMP_NUM_THREADS"], os.environ["MKL_NUM_THREADS"]) == ("3", "1")


def test_a_record_is_its_result_and_whose_parts_it_used():
    assert asdict(Record({"a": 1}, ["b"], [])) == {"result": {"a": 1}, "used": ["b"], "lacking": []}
