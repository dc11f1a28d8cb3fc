"""Default hyperparameters: `implementation, profile -> results`.

A default is measured, not read: one hyperparameter is omitted from a call, and the answer must be
the same as that to a call with the profile's default in its place. Where it is not, the value that
gives the same answer is searched for.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from trainspec.conformance.basics.float_types import TYPES, FloatArray
from trainspec.conformance.basics.names import (
    Offering,
    Subject,
    default_case,
    join_form,
    make_case_id,
    split_form,
)
from trainspec.conformance.cases.case import Case
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.cases.result import CallError, Outcome, Result
from trainspec.conformance.checking.answer import flatten_answer
from trainspec.conformance.checking.distance import measure_distance
from trainspec.conformance.derivation.as_form import as_form
from trainspec.conformance.derivation.values import compute_values
from trainspec.conformance.diagnosis.constants import solve_constants
from trainspec.conformance.diagnosis.evidence import NEAR, Evidence
from trainspec.conformance.implementations.implementation import Implementation, list_offerings
from trainspec.conformance.pages.forms import ConstantSlot, Form, compose_rule
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.parts import VARIANT_HYPERPARAMETER
from trainspec.conformance.pages.profiles import Profile, list_profiles, load_profile

WHY = "A port behaves like the original only if it has the same defaults."
#: A change of a default by this part must show in a case that is to judge it.
PART = 2.0**-6


def check_defaults(
    implementation: Implementation,
    profile: Profile,
    techniques: Sequence[str],
    declared: Mapping[str, str] | None = None,
) -> Iterator[Result]:
    """The result for every default of the profile, of operations among `techniques`.

    `declared` (operation -> form) says which of the profile's forms the main functions are.

    A default is unsupported where the implementation has none, does not offer the operation, or
    where it shows in no case.
    """
    for operation, offered in profile.forms.items():
        own = [c for c in load_cases([operation]) if not c.rejects and c.level != "edge"]
        if own[0].technique not in techniques:
            continue
        page = load_page(own[0].technique)
        for offering in _find_offerings(implementation, operation, offered):
            # A further form has the main one's defaults but for those that the profile gives it.
            main = (declared or {}).get(operation, offered[0])
            form = join_form(split_form(offering.form or main))
            given = {
                **profile.defaults.get(Offering(operation), {}),
                **profile.defaults.get(Offering(operation, form), {}),
            }
            asked = [replace(as_form(c, form), offered=offering.form) for c in own]
            for name, default in given.items():
                if name in page.parameters or name in asked[0].hyperparameters:
                    yield _check_default(implementation, profile, asked, name, default)


def _find_offerings(
    implementation: Implementation, operation: str, forms: Sequence[str]
) -> Iterator[Offering]:
    """The offerings of an operation that the profile has a form for."""
    if implementation.offers(operation):
        yield Offering(operation)
    for offering in list_offerings(implementation, operation):
        if join_form(split_form(offering.form)) in forms:
            yield offering


def _check_default(
    implementation: Implementation,
    profile: Profile,
    cases: Sequence[Case],
    name: str,
    default: float,
) -> Result:
    kind, case = _find_telling_case(implementation, cases, name, default)
    subject = replace(
        case,
        id=make_case_id(case.operation, default_case(name)),
        name=default_case(name),
        level="core",
        requirement="MUST",
        clauses=(),
        why=WHY,
        link="",
        subject=Subject.DEFAULT,
        profile=profile.name,
    )
    if not kind:
        message = f"a {name} of {default:g} shows in no case of these types"
        return Result(subject, "", Outcome.UNSUPPORTED, message)
    omitted = {k: v for k, v in case.hyperparameters.items() if k != name}
    try:
        explicit = _ask(implementation, _set_default(case, name, default), kind)
        implicit = _ask(implementation, replace(case, hyperparameters=omitted), kind)
    except CallError as error:
        if error.outcome is Outcome.REJECTED:
            return Result(subject, kind, Outcome.UNSUPPORTED, f"{name} has no default")
        return Result(subject, kind, error.outcome, str(error))
    distance = measure_distance(implicit, explicit, case.expected, case.tolerance[kind], kind)
    if distance <= 1:
        return Result(subject, kind, Outcome.PASS, error=distance)
    found = _find_default(implementation, case, kind, name, implicit)
    used = "a different value" if found is None else repr(found)
    message = (
        f"when {name} is omitted, {used} is used; "
        f"{profile.title}'s default is {default!r} ({profile.version})"
    )
    return Result(subject, kind, Outcome.WRONG, message, distance)


def _set_default(case: Case, name: str, value: float) -> Case:
    given: Any = value
    if isinstance(case.hyperparameters.get(name), list):
        given = [value] * len(case.hyperparameters[name])
    return replace(case, hyperparameters={**case.hyperparameters, name: given})


def _ask(implementation: Implementation, case: Case, kind: str) -> FloatArray:
    return flatten_answer(case, kind, implementation.call(case, kind))[0]


def _find_telling_case(
    implementation: Implementation, cases: Sequence[Case], name: str, default: float
) -> tuple[str, Case]:
    """The type and the case in which a change of the default shows most, or no type."""
    rule = load_page(cases[0].technique).rule_of_form(cases[0].form)
    changed = default * (1 + PART) if default else PART
    for kind in (k for k in TYPES if k in implementation.types):
        best = 0.0, cases[0]
        for case in cases:
            if kind not in case.tolerance or case.is_long:
                continue
            one, other = (
                compute_values(_set_default(case, name, v), rule) for v in (default, changed)
            )
            shows = measure_distance(one, other, case.expected, case.tolerance[kind], kind)
            best = max(best, (shows, case), key=lambda found: found[0])
        if best[0] > NEAR:
            return kind, best[1]
    return "", cases[0]


def _find_default(
    implementation: Implementation, case: Case, kind: str, name: str, implicit: FloatArray
) -> float | None:
    """The value that has the same effect as omitting it: another library's default, or any."""
    page = load_page(case.technique)
    known = {
        value
        for other in map(load_profile, list_profiles())
        for offering, given in other.defaults.items()
        if offering.operation == case.operation
        for key, value in given.items()
        if key == name
    }
    if name in page.parameters and page.parameters[name].numeric:
        known.add(float(page.parameters[name].default))
    evidence = Evidence(
        page, kind, [case], [implicit], 1, frozenset({name: VARIANT_HYPERPARAMETER})
    )
    edits = split_form(case.form)
    slot = ConstantSlot(name, f"{name} = {{}}", "")
    base = Form(edits, compose_rule(case.technique, edits))
    solutions = solve_constants(evidence, base, slot)
    solved = [form.constants[name] for series in solutions for form in itertools.islice(series, 1)]
    for value in (*sorted(known), *solved):
        try:
            again = _ask(implementation, _set_default(case, name, value), kind)
        except CallError:
            continue
        if measure_distance(implicit, again, case.expected, case.tolerance[kind], kind) <= 1:
            return value
    return solved[0] if solved else None
