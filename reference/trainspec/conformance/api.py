"""The public face of the checker: what the command line does, as functions that return records.

    from trainspec.conformance import check, load_implementation
    checked = check(load_implementation("my_adapter.py"), ["adam"])
    print(checked)

spec/library.md shows an example of each.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from msgspec import Struct
from rich.console import Console

from trainspec.conformance.basics.names import operation_of
from trainspec.conformance.cases.case import Case
from trainspec.conformance.cases.golden import find_techniques
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.cases.result import Result
from trainspec.conformance.checking.check import apply_known_failures, check_cases
from trainspec.conformance.checking.declarations import read_declarations
from trainspec.conformance.checking.profile_forms import fit_profile
from trainspec.conformance.diagnosis.accepted import check_accepted
from trainspec.conformance.diagnosis.compare import Comparison, compare_implementations
from trainspec.conformance.diagnosis.defaults import check_defaults
from trainspec.conformance.diagnosis.identify import Identity, identify_operations
from trainspec.conformance.diagnosis.object_forms import find_forms
from trainspec.conformance.implementations import target as targets
from trainspec.conformance.implementations.alarm import keep_alarm
from trainspec.conformance.implementations.implementation import Implementation
from trainspec.conformance.implementations.objects import bind
from trainspec.conformance.implementations.python_module import PythonModule
from trainspec.conformance.pages.profiles import load_profile
from trainspec.conformance.reporting.records import Report
from trainspec.conformance.reporting.report import (
    Diagnoses,
    choose_exit_status,
    diagnose_results,
    make_report,
)
from trainspec.conformance.reporting.terminal import print_report
from trainspec.conformance.traces.explain import explain_trace
from trainspec.conformance.traces.explanation import Explained
from trainspec.conformance.traces.read import read_trace

__all__ = [
    "Checked",
    "bind",
    "check",
    "compare",
    "identify",
    "identify_trace",
    "load_cases",
    "load_implementation",
]

Target = str | Path | Sequence[str] | ModuleType | Mapping[str, Any]


def _do_nothing() -> None:
    pass


class Checked(Struct, frozen=True, dict=True):
    """What a check found: a result for every case in every type, and what explains them.

    `finished` is false where it was interrupted; the results are then those so far.
    """

    implementation: Implementation
    results: Sequence[Result]
    finished: bool = True

    @cached_property
    def diagnoses(self) -> Diagnoses:
        """For every offering with wrong answers, what it is instead."""
        return diagnose_results(self.results)

    @property
    def conforms(self) -> bool:
        """Whether something was checked and nothing fails; a recommendation may be unmet."""
        return self.exit_status == 0

    @property
    def exit_status(self) -> int:
        """0 conforms, 1 does not, 3 the adapter broke, 4 nothing was checked."""
        return choose_exit_status(self.results)

    @property
    def failures(self) -> list[Result]:
        """The results that fail."""
        return [result for result in self.results if result.outcome.fails]

    @property
    def report(self) -> Report:
        """The whole report as a record; spec/schemas/report.json is its schema."""
        return make_report(self.implementation, self.results, self.diagnoses)

    def __str__(self) -> str:
        """The report as the command line prints it, without colour."""
        out = io.StringIO()
        console = Console(file=out, width=160, highlight=False)
        # There is no command to reproduce a failure with: it may be functions of a notebook.
        print_report(console, self.implementation, self.results, self.diagnoses, [])
        return out.getvalue().rstrip()


def load_implementation(
    target: Target,
    *,
    timeout: float = 10.0,
    in_process: bool = False,
    memory: float | None = None,
) -> Implementation:
    """The implementation that `target` stands for.

    `target` is the path of an adapter (``my_adapter.py``), the name of a shipped one (``torch``),
    an optimizer, a layer or the like by its name (``torch.optim:AdamW``), the words of a program
    (``["node", "adapter.mjs"]``), a module, or functions by the names of their operations
    (``{"adam": my_adam}``). `timeout` is the time for one answer in seconds. What is named by a
    word runs in a process of its own unless `in_process` is set, and is ended if it holds more
    than `memory` MB; a module and functions run in this one.

    Raises `AdapterError` where there is no such thing, or it is not an adapter.
    """
    if isinstance(target, ModuleType):
        return PythonModule(target, target.__name__, timeout)
    if isinstance(target, Mapping):
        module = ModuleType("functions")
        module.__dict__.update(target)
        return PythonModule(module, "functions", timeout)
    words = targets.split_target(str(target)) if isinstance(target, (str, Path)) else list(target)
    return targets.load_implementation(words, timeout, in_process=in_process, memory=memory)


def check(
    implementation: Implementation,
    techniques: Iterable[str] = (),
    *,
    cases: Sequence[Case] | None = None,
    types: Sequence[str] = (),
    forms: Mapping[str, str] | None = None,
    profile: str = "",
    known: Mapping[str, str] | None = None,
    draws_of: Sequence[str] | None = None,
    steps_of: Sequence[str] | None = None,
    defaults_of: Sequence[str] | None = None,
    tick: Callable[[], None] = _do_nothing,
) -> Checked:
    """Check an implementation against the golden values.

    `techniques` are full names, operations or folders; all where empty. `cases` narrows them
    further, `types` restricts the types. `forms` (operation -> form, such as ``{"adam":
    "eps-hat"}``) overrides what the implementation declares; an object declares nothing, and is
    checked as the published form that it is found to be. `profile` (such as ``torch``) does so
    for all operations and adds the library's default hyperparameters. `known` (``case in type``
    -> reason) lists failures that do not count. Random draws are judged for the techniques
    `draws_of`, runs step by step for `steps_of`, defaults for `defaults_of`; each is all
    techniques that are checked, unless `cases` is set. `tick` is called after every case.

    Raises `CaseError` for a name that does not exist, `PageError` for a profile that does not.
    """
    names = find_techniques(techniques)
    rest = names if cases is None else []
    followed = load_profile(profile) if profile else None
    if forms is None and not profile and implementation.undeclared:
        forms = find_forms(implementation)
    operations = [operation_of(name) for name in names]
    fitted = fit_profile(implementation, followed, operations) if followed else {}
    declared = {**fitted, **(forms or {})}
    if followed is None and implementation.profile:
        followed = load_profile(implementation.profile)
    results: list[Result] = []
    try:
        with keep_alarm():
            for result in check_cases(
                implementation,
                load_cases(names) if cases is None else cases,
                types,
                declared,
                tick,
                known=known,
                draws_of=rest if draws_of is None else draws_of,
                steps_of=rest if steps_of is None else steps_of,
            ):
                results.append(result)
        if followed:
            judged = rest if defaults_of is None else defaults_of
            results += check_defaults(implementation, followed, judged, declared)
        reasons = {**implementation.known_failures, **(known or {})}
        accepted = check_accepted(
            implementation,
            rest if defaults_of is None else defaults_of,
            {**read_declarations(implementation), **declared},
            types,
        )
        results += [apply_known_failures(result, reasons) for result in accepted]
    except KeyboardInterrupt:
        return Checked(implementation, results, finished=False)
    return Checked(implementation, results)


def identify(
    implementation: Implementation,
    techniques: Iterable[str] = (),
    *,
    dtype: str = "",
    tick: Callable[[], None] = _do_nothing,
) -> list[Identity]:
    """Which published form every offered operation is, in `dtype` or in the widest type.

    Raises `CallError` where an operation answers no case at all.
    """
    return list(identify_operations(implementation, load_cases(techniques), dtype, tick))


def identify_trace(
    path: str | Path,
    techniques: Iterable[str] = (),
    *,
    whole: bool = False,
    tick: Callable[[], None] = _do_nothing,
) -> Explained:
    """Every form of the update rules `techniques` (all where empty) that explains a recorded run.

    Of a large one a sample is judged, chosen by a seed; every number with `whole`.

    Raises `TraceError` for a file that is no trace, `CaseError` for an unknown technique.
    """
    return explain_trace(read_trace(Path(path)), find_techniques(techniques), tick, whole=whole)


def compare(
    one: Implementation,
    other: Implementation,
    techniques: Iterable[str] = (),
    *,
    dtype: str = "",
    tick: Callable[[], None] = _do_nothing,
) -> list[Comparison]:
    """Where two implementations agree and where they differ, in `dtype` or in the widest type."""
    return list(compare_implementations(one, other, load_cases(techniques), dtype, tick))
