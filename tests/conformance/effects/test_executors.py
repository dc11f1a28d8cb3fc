"""Executors: here, in processes, and on a cluster."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor, as_completed

import pytest

from trainspec.conformance.effects.executors import InlineExecutor, count_jobs, make_executor


def test_one_job_runs_in_this_process_when_it_is_asked_for():
    executor = make_executor(1)
    assert isinstance(executor, InlineExecutor)
    done = []
    future = executor.submit(lambda: done.append(1) or os.getpid())
    assert done == []
    assert next(as_completed([future])).result() == os.getpid()


def test_an_error_is_raised_where_the_result_is_asked_for():
    with pytest.raises(ZeroDivisionError):
        InlineExecutor().submit(lambda: 1 / 0).result()


def test_more_jobs_run_in_processes():
    with make_executor(2) as executor:
        assert isinstance(executor, ProcessPoolExecutor)
        assert executor.submit(os.getpid).result() != os.getpid()
    assert count_jobs() >= 1


@pytest.mark.slow
def test_a_cluster_runs_them_too():
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        make_executor(1, cluster.scheduler_address) as executor,
    ):
        assert executor.submit(os.getpid).result(timeout=60) != os.getpid()
