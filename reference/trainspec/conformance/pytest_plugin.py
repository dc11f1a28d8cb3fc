"""The cases as tests in anyone's own suite: ``pytest --trainspec my_adapter.py``.

The option takes what ``trainspec check`` takes: an adapter file, a shipped adapter, or a command
line in quotes. ``--trainspec-technique`` and ``--trainspec-dtype`` narrow the choice.
"""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from trainspec.conformance.outcome import Result


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("trainspec", "conformance to the training techniques' specification")
    group.addoption("--trainspec", metavar="ADAPTER", help="check this implementation")
    group.addoption("--trainspec-technique", action="append", default=[], metavar="NAME")
    kinds = ["float64", "float32", "float16", "bfloat16"]
    group.addoption("--trainspec-dtype", action="append", default=[], choices=kinds)
    group.addoption("--trainspec-timeout", type=float, default=10.0, metavar="SECONDS")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add a test for every case and type that the adapter and the suite share.

    First of all, so that ``-k`` and the like choose among them as among all other tests.
    """
    target = config.getoption("--trainspec")
    if target is not None:
        added = list(_Cases.from_parent(session, name="trainspec", target=target).collect())
        if not added:
            raise pytest.UsageError(f"--trainspec {target}: no case serves what it offers")
        items.extend(added)
        session.testscollected += len(added)


class _Cases(pytest.Collector):
    """All cases of one implementation."""

    def __init__(self, *, target: str, **rest: Any) -> None:
        super().__init__(**rest)
        self.target = target

    def collect(self) -> Iterator[pytest.Item]:
        from trainspec.conformance import cases
        from trainspec.conformance.check import declarations, rows
        from trainspec.conformance.implementations import load
        from trainspec.conformance.outcome import AdapterError, CallError

        config = self.config
        try:
            whole = Path(self.target).is_file() and self.target.endswith(".py")
            words = [self.target] if whole else shlex.split(self.target)
            implementation = load(words or [""], config.getoption("--trainspec-timeout"))
            declared = declarations(implementation)
            chosen = cases.load(config.getoption("--trainspec-technique"))
        except (AdapterError, CallError, ValueError) as error:
            raise pytest.UsageError(f"--trainspec {self.target}: {error}") from None
        config.add_cleanup(implementation.close)
        kinds = config.getoption("--trainspec-dtype") or implementation.types
        for case in itertools.chain(*rows(implementation, chosen, declared)):
            for kind in kinds:
                if (case.form or implementation.offers(case.operation)) and kind in case.types:
                    yield _Check.from_parent(
                        self,
                        name=f"{case.label}[{kind}]",
                        implementation=implementation,
                        case=case,
                        kind=kind,
                    )


class _Check(pytest.Item):
    """One case in one type."""

    def __init__(self, *, implementation: Any, case: Any, kind: str, **rest: Any) -> None:
        super().__init__(**rest)
        self.implementation, self.case, self.kind = implementation, case, kind

    def runtest(self) -> None:
        from trainspec.conformance.check import single
        from trainspec.conformance.outcome import Outcome

        result = single(self.implementation, self.case, self.kind)
        if result.outcome is Outcome.UNSUPPORTED:
            pytest.skip(result.message)
        if result.outcome is Outcome.KNOWN_FAILURE:
            pytest.xfail(result.message)
        if result.outcome.fails:
            raise _FailureError(result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, _FailureError):
            return excinfo.value.text()
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[str, None, str]:
        return "trainspec", None, self.name


class _FailureError(Exception):
    def __init__(self, result: Result) -> None:
        d = result.divergence
        where = f"{d.place}: expected {d.expected!r}, got {d.got!r}" if d else result.message
        super().__init__(f"{result.outcome.value}: {where}")
        self.result = result

    def text(self) -> str:
        """The failure as `trainspec check` would print it."""
        import io

        from rich.console import Console

        from trainspec.conformance.diagnose import diagnosed
        from trainspec.conformance.report import print_failures

        out = io.StringIO()
        console = Console(file=out, width=160, highlight=False)
        diagnosis = diagnosed([self.result], quick=True)
        print_failures(console, [self.result], diagnosis, ["MY_ADAPTER.py"])
        return out.getvalue()
