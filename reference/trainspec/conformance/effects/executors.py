"""Where trials run: in this process, in processes of this machine, or on a Dask cluster."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, TypeVar

from trainspec.conformance.basics.errors import UserError

T = TypeVar("T")


def make_executor(jobs: int, dask: str = "") -> Executor:
    """An executor: of `jobs` processes, of this one where that is 1, or of a cluster's address."""
    if dask:
        return ClusterExecutor(dask)
    if jobs == 1:
        return InlineExecutor()
    # A fresh interpreter: a library that has threads must not be copied in the middle of them.
    return ProcessPoolExecutor(jobs, get_context("spawn"), initializer=_start_worker)


def limit_threads() -> None:
    """One thread for each worker: several processes that each use all cores slow one another."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")


def count_jobs() -> int:
    """As many processes as this one may use processors."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _start_worker() -> None:
    """Ctrl-C is for the main process, which ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class ClusterExecutor(Executor):
    """A Dask cluster; the connection is closed with the executor."""

    def __init__(self, address: str) -> None:
        from distributed import Client  # an extra

        limit_threads()
        try:
            self._client = Client(address, timeout="20s")
        except (OSError, ValueError) as error:
            raise UserError(f"no Dask scheduler answers at {address!r}: {error}") from None
        self._executor = self._client.get_executor()

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """A future of the cluster's; a trial whose worker dies is run on another one."""
        future: Future[T] = self._executor.submit(fn, *args, **kwargs)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Cancel what is not done, and disconnect."""
        self._executor.shutdown(wait=wait)
        self._client.close()


class InlineExecutor(Executor):
    """Runs what is submitted when its result is asked for."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """A future that is done."""
        future: Future[T] = _LazyFuture(fn, args, kwargs)
        return future


class _LazyFuture(Future[T]):
    def __init__(self, fn: Callable[..., T], args: Any, kwargs: Any) -> None:
        super().__init__()
        self._call = fn, args, kwargs
        self.set_running_or_notify_cancel()
        self.set_result(None)  # type: ignore[arg-type]

    def result(self, timeout: float | None = None) -> T:
        fn, args, kwargs = self._call
        return fn(*args, **kwargs)
