"""Cases as pytest items: one for each case and type of an implementation."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from trainspec.conformance.basics.errors import NoAnswerError, UserError
from trainspec.conformance.cases.case import Case
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.cases.result import Outcome, Result
from trainspec.conformance.checking.check import check_one
from trainspec.conformance.checking.declarations import iterate_offerings, read_declarations
from trainspec.conformance.checking.steps import list_step_cases
from trainspec.conformance.diagnosis.diagnose import Diagnosis, explain
from trainspec.conformance.diagnosis.evidence import gather_evidence
from trainspec.conformance.diagnosis.matching import measure_form
from trainspec.conformance.diagnosis.object_forms import find_forms
from trainspec.conformance.diagnosis.step_mistakes import diagnose_steps
from trainspec.conformance.implementations.implementation import Implementation
from trainspec.conformance.implementations.target import load_implementation, split_target
from trainspec.conformance.reporting.terminal import print_failures


def collect_items(session: pytest.Session, target: str) -> list[pytest.Item]:
    """The items of an implementation.

    Raises pytest.UsageError where there is no such implementation, or nothing to ask it.
    """
    items = list(CaseCollector.from_parent(session, name="trainspec", target=target).collect())
    if not items:
        raise pytest.UsageError(f"--trainspec {target}: no case serves what it offers")
    return items


class CaseCollector(pytest.Collector):
    """All cases of one implementation."""

    def __init__(self, *, target: str, **rest: Any) -> None:
        super().__init__(**rest)
        self.target = target
        self.diagnoses = DiagnosisCache()

    def collect(self) -> Iterator[pytest.Item]:
        """An item for every case in every type that both sides serve."""
        config = self.config
        try:
            words = split_target(self.target) if self.target else [""]
            implementation = load_implementation(words, config.getoption("--trainspec-timeout"))
            found = find_forms(implementation) if implementation.undeclared else {}
            declared = {**read_declarations(implementation), **found}
            chosen = load_cases(config.getoption("--trainspec-technique"))
        except (UserError, NoAnswerError, ValueError) as error:
            raise pytest.UsageError(f"--trainspec {self.target}: {error}") from None
        config.add_cleanup(implementation.close)
        kinds = config.getoption("--trainspec-dtype") or implementation.types
        whole = [
            (case, kind)
            for case in itertools.chain(*iterate_offerings(implementation, chosen, declared))
            if case.offered or implementation.offers(case.operation)
            for kind in kinds
            if kind in case.types
        ]
        techniques = list(dict.fromkeys(case.technique for case in chosen))
        steps = list_step_cases(implementation, techniques, kinds, declared)
        for case, kind in itertools.chain(whole, (pair for pair in steps if pair[1])):
            yield CaseItem.from_parent(
                self,
                name=f"{case.label}[{kind}]",
                implementation=implementation,
                case=case,
                kind=kind,
                diagnoses=self.diagnoses,
            )


class DiagnosisCache:
    """Diagnoses of failures, used again where one explains the next failure too."""

    def __init__(self) -> None:
        self._found: dict[tuple[Any, str], list[Diagnosis]] = {}

    def diagnose(self, result: Result) -> Diagnosis | None:
        """The diagnosis of one failing result, or None if there is nothing to say."""
        if result.case.script:
            return diagnose_steps([result])
        evidence = gather_evidence([result])
        if evidence is None:
            return None
        known = self._found.setdefault((result.case.offering, result.kind), [])
        for diagnosis in known:
            if diagnosis.found and measure_form(evidence, diagnosis.found) is not None:
                return diagnosis
        known.append(explain(evidence, quick=True))
        return known[-1]


class CaseItem(pytest.Item):
    """One case in one type."""

    def __init__(
        self,
        *,
        implementation: Implementation,
        case: Case,
        kind: str,
        diagnoses: DiagnosisCache,
        **rest: Any,
    ) -> None:
        super().__init__(**rest)
        self.implementation, self.case, self.kind = implementation, case, kind
        self.diagnoses = diagnoses

    def runtest(self) -> None:
        """Ask the implementation, and judge its answer."""
        result = check_one(self.implementation, self.case, self.kind)
        if result.outcome is Outcome.UNSUPPORTED:
            pytest.skip(result.message)
        if result.outcome is Outcome.KNOWN_FAILURE:
            pytest.xfail(result.message)
        if result.outcome.fails:
            raise CaseFailedError(result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The failure as `trainspec check` prints it, with a reason for pytest's summary."""
        if not isinstance(excinfo.value, CaseFailedError):
            return super().repr_failure(excinfo, style)
        result = excinfo.value.result
        diagnosis = self.diagnoses.diagnose(result)
        return FailureText(result, diagnosis)

    def reportinfo(self) -> tuple[str, None, str]:
        """Where the item is, for pytest's headings."""
        return "trainspec", None, self.name


class CaseFailedError(Exception):
    """A case that failed; holds its result."""

    def __init__(self, result: Result) -> None:
        super().__init__(describe_result(result))
        self.result = result


class FailureText:
    """A failure as text; `reprcrash` has the reason for pytest's summary line."""

    def __init__(self, result: Result, diagnosis: Diagnosis | None) -> None:
        out = io.StringIO()
        console = Console(file=out, width=160, highlight=False)
        print_failures(console, [result], diagnosis, ["MY_ADAPTER.py"])
        named = f" ({diagnosis.form})" if diagnosis and diagnosis.form else ""
        self.text = out.getvalue()
        self.reprcrash = SimpleNamespace(message=describe_result(result) + named)

    def __str__(self) -> str:
        return self.text

    def toterminal(self, tw: Any) -> None:
        """Write the text to pytest's terminal."""
        tw.line(self.text)


def describe_result(result: Result) -> str:
    """A failing result in one line."""
    d = result.divergence
    where = f"{d.place}: expected {d.expected!r}, got {d.got!r}" if d else result.message
    return f"{result.outcome.value}: {where}"
