"""Default hyperparameters: `implementation, profile -> results`.

A default is measured, not read: one hyperparameter is left out of a call, and the answer must be
the one to the same call with the profile's default in its place. Where it is not, the value that
gives the same answer is looked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from trainspec.conformance import forms, profiles
from trainspec.conformance.cases import Case, load
from trainspec.conformance.compare import apart, flattened
from trainspec.conformance.evidence import LONG, NEAR, Evidence, values_of
from trainspec.conformance.forms import Form, Place
from trainspec.conformance.implementations import Implementation
from trainspec.conformance.outcome import CallError, Outcome, Result
from trainspec.conformance.page import DECAY
from trainspec.conformance.page import load as load_page
from trainspec.conformance.profiles import Profile
from trainspec.conformance.types import TYPES, FloatArray

WHY = "A port does what it ports only if what it leaves out is the same."
#: A change of a default by this part must show in a case that is to judge it.
PART = 2.0**-6


def measured(
    implementation: Implementation, profile: Profile, techniques: Sequence[str]
) -> Iterator[Result]:
    """The result for every default of the profile, of operations among `techniques`.

    Unsupported is what has no default, is not offered, or shows in no case.
    """
    for operation, offered in profile.forms.items():
        own = [c for c in load([operation]) if not c.rejects and c.level != "edge"]
        if own[0].technique not in techniques:
            continue
        page = load_page(own[0].technique)
        main = profile.defaults.get(operation, {})
        further = [
            r.partition(":")[2] for r in implementation.forms if r.startswith(operation + ":")
        ]
        rows = [""] if implementation.offers(operation) else []
        for form in [*rows, *(f for f in further if ("" if f == "canonical" else f) in offered)]:
            # A further form has the main one's defaults but for those that the profile gives it.
            given = {**main, **profile.defaults.get(f"{operation}:{form}", {})}
            variant = form or offered[0]
            asked = [replace(c.as_variant("" if variant == "canonical" else variant), form=form)
                     for c in own]  # fmt: skip
            for name, default in given.items():
                if name in page.parameters or name in asked[0].hyperparameters:
                    yield _measured(implementation, profile, asked, name, default)


def _measured(
    implementation: Implementation,
    profile: Profile,
    cases: Sequence[Case],
    name: str,
    default: float,
) -> Result:
    kind, case = _telling(implementation, cases, name, default)
    label = f"{case.operation}/default-{name.replace('_', '-')}"
    result = replace(
        case, id=label, level="core", requirement="MUST", clauses=(), why=WHY, link=profile.name
    )
    if not kind:
        message = f"a {name} of {default:g} shows in no case of these types"
        return Result(result, "", Outcome.UNSUPPORTED, message)
    left = {k: v for k, v in case.hyperparameters.items() if k != name}
    try:
        explicit = _answer(implementation, _with(case, name, default), kind)
        implicit = _answer(implementation, replace(case, hyperparameters=left), kind)
    except CallError as error:
        if error.outcome is Outcome.REJECTED:
            return Result(result, kind, Outcome.UNSUPPORTED, f"{name} has no default")
        return Result(result, kind, error.outcome, str(error))
    distance = apart(implicit, explicit, case.expected, case.tolerance[kind], kind)
    if distance <= 1:
        return Result(result, kind, Outcome.PASS, error=distance)
    found = _default(implementation, case, kind, name, implicit)
    is_ = f"is {found!r} where it is left out" if found is not None else "left out is another"
    message = f"{name} {is_}; {profile.title}'s default is {default!r} ({profile.version})"
    return Result(result, kind, Outcome.WRONG, message, distance)


def _with(case: Case, name: str, value: float) -> Case:
    given: Any = value
    if isinstance(case.hyperparameters.get(name), list):
        given = [value] * len(case.hyperparameters[name])
    return replace(case, hyperparameters={**case.hyperparameters, name: given})


def _answer(implementation: Implementation, case: Case, kind: str) -> FloatArray:
    return flattened(case, kind, implementation.call(case, kind))[0]


def _telling(
    implementation: Implementation, cases: Sequence[Case], name: str, default: float
) -> tuple[str, Case]:
    """The type and the case in which a change of the default shows most, or no type."""
    rule = load_page(cases[0].technique).whole_rule(cases[0].variant)
    changed = default * (1 + PART) if default else PART
    for kind in (k for k in TYPES if k in implementation.types):
        best = 0.0, cases[0]
        for case in cases:
            if kind not in case.tolerance or (case.steps or 0) > LONG:
                continue
            one, other = (values_of(_with(case, name, v), rule) for v in (default, changed))
            shows = apart(one, other, case.expected, case.tolerance[kind], kind)
            best = max(best, (shows, case), key=lambda found: found[0])
        if best[0] > NEAR:
            return kind, best[1]
    return "", cases[0]


def _default(
    implementation: Implementation, case: Case, kind: str, name: str, implicit: FloatArray
) -> float | None:
    """The value that gives the same answer as nothing: another library's default, or any."""
    page = load_page(case.technique)
    known = {
        value
        for other in map(profiles.load, profiles.names())
        for row, given in other.defaults.items()
        if row.partition(":")[0] == case.operation
        for key, value in given.items()
        if key == name
    }
    if name in page.parameters and page.parameters[name].numeric:
        known.add(float(page.parameters[name].default))
    evidence = Evidence(page, kind, [case], [implicit], 1, frozenset({name: DECAY}))
    names = tuple(filter(None, case.variant.split("+")))
    place = Place(name, f"{name} = {{}}", "")
    base = Form(names, forms.rule_of(case.technique, names))
    solved = [form.constants[name] for form in forms.solved(evidence, base, place)]
    for value in (*sorted(known), *solved):
        try:
            again = _answer(implementation, _with(case, name, value), kind)
        except CallError:
            continue
        if apart(implicit, again, case.expected, case.tolerance[kind], kind) <= 1:
            return value
    return solved[0] if solved else None
