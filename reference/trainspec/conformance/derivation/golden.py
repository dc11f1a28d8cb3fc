"""Deriving golden values from a spec page: `page -> golden file`.

Nothing here reads the reference, an earlier golden file, or a float computation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from trainspec.conformance.basics.float_types import TYPES, FloatType
from trainspec.conformance.basics.names import make_case_id, spell_kebab
from trainspec.conformance.basics.tensors import map_tensors, round_to_two_digits, spell_number
from trainspec.conformance.cases.case import LEVELS, LONG
from trainspec.conformance.derivation.chosen_constants import ORDERS
from trainspec.conformance.derivation.gradients import certify_gradients
from trainspec.conformance.derivation.margins import measure_margin
from trainspec.conformance.derivation.tolerances import (
    Derived,
    ReadyCase,
    count_steps,
    derive_values,
    prepare_case,
)
from trainspec.conformance.pages.page import Page
from trainspec.conformance.pages.parts import VARIANT_HYPERPARAMETER, CaseText, PageError
from trainspec.conformance.pages.rule import Rule

#: The entry of a form that a case cannot be asked of: it serves no type.
NOT_ASKED: dict[str, Any] = {"expected": [], "tolerance": {}}


def derive_golden(page: Page, progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """The content of the golden file of a page.

    Raises `PageError` where a case does not say what it must, `ArithmeticError` where a value
    cannot be rounded with certainty.
    """
    cases = []
    for text in page.cases:
        name = make_case_id(page.name, text.name)
        progress(name)
        try:
            cases.append(_derive_case(page, text))
        except ArithmeticError as error:
            raise PageError(f"{name}: {error}") from None
    cases += _derive_rejections(page)
    for case in cases:
        for clause in case["clauses"]:
            if clause not in page.clauses:
                raise PageError(f"{case['id']}: {page.technique} has no clause {clause}")
    return {
        "technique": page.technique,
        "operation": page.name,
        "hyperparameters": list(page.parameters),
        "cases": cases,
    }


def _derive_case(page: Page, text: CaseText) -> dict[str, Any]:
    ready, about = prepare_case(page, text)
    if about.get("level") not in LEVELS:
        raise PageError(f"{ready.id}: level must be one of {', '.join(LEVELS)}")
    canonical = derive_values(page, page.rule, ready, orders=page.orders_of(""))
    certify_gradients(page, ready)
    steps = count_steps(page, ready)
    variants, margins = _derive_others(page, ready, canonical, steps)
    return {
        "id": ready.id,
        "level": about["level"],
        "requirement": _find_requirement(page, about["clauses"]),
        "clauses": about["clauses"],
        "why": text.why.strip(),
        **({"link": about["link"]} if "link" in about else {}),
        "inputs": map_tensors(
            lambda t: {"shape": t["shape"], "data": [spell_number(v) for v in t["data"]]},
            ready.inputs,
        ),
        "hyperparameters": ready.hyperparameters,
        "outputs": canonical.shapes,
        **({"steps": steps} if steps else {}),
        **({"keep": ready.keep} if ready.keep else {}),
        **({"count": ready.count} if "count" in about else {}),
        **_store_values(canonical),
        "margins": margins,
        "variants": variants,
    }


def _derive_others(
    page: Page, ready: ReadyCase, canonical: Derived, steps: int
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The values of every variant, and the margin of every variant and error in each type."""
    served = {kind: TYPES[kind] for kind in canonical.radii}
    variants: dict[str, Any] = {}
    margins: dict[str, dict[str, Any]] = {kind: {} for kind in canonical.radii}
    for name, rule in page.rules.items():
        published = name in page.variants
        # Named errors show long before.
        if not name or (not published and steps > LONG):
            continue
        try:
            orders = page.orders_of(name) if published else []
            other = derive_values(page, rule, ready, served if published else {}, orders)
        except ArithmeticError as error:
            if published:
                raise PageError(f"{ready.id}, {name}: {error}") from None
            continue  # an error that has no certain value here is told apart elsewhere
        except ValueError:  # shapes that do not fit, as of weights that are stored transposed
            if published:
                variants[name] = NOT_ASKED
            continue
        for kind, radii in canonical.radii.items():
            apart = measure_margin(canonical.values, other.values, radii, other.radii.get(kind))
            margins[kind][name] = round_to_two_digits(apart, up=False)
        if published:
            variants[name] = _make_entry(page, rule, other, canonical.shapes)
    return variants, margins


def derive_variant(page: Page, name: str, text: CaseText, kinds: Mapping[str, FloatType]) -> Any:
    """What a case's golden entry holds for the form `name`, in the types `kinds`.

    Raises `PageError` where its values cannot be rounded with certainty.
    """
    ready, _ = prepare_case(page, text)
    rule = page.rule_of_form(name)
    try:
        derived = derive_values(page, rule, ready, kinds, page.orders_of(name))
        return _make_entry(page, rule, derived, None)
    except ArithmeticError as error:
        raise PageError(f"{ready.id}: {error}") from None
    except ValueError:  # the inputs do not fit this form
        return NOT_ASKED


def _make_entry(page: Page, rule: Rule, other: Derived, shapes: Any) -> dict[str, Any]:
    extra = dict.fromkeys(sorted(page.variant_hyperparameters(rule)), VARIANT_HYPERPARAMETER)
    return {
        **({"hyperparameters": extra} if extra else {}),
        **({"outputs": other.shapes} if other.shapes != shapes else {}),
        **_store_values(other),
    }


def _store_values(result: Derived) -> dict[str, Any]:
    values = [spell_number(value.nearest()) for value in result.values]
    return {
        "expected": values,
        "tolerance": {
            kind: [round_to_two_digits(ORDERS * r, up=True) for r in radii]
            for kind, radii in result.radii.items()
        },
    }


def _find_requirement(page: Page, clauses: list[str]) -> str:
    words = [page.clauses[c].requirement for c in clauses if c in page.clauses]
    return "MUST" if "MUST" in words or not words else words[0]


def _derive_rejections(page: Page) -> Iterator[dict[str, Any]]:
    """A case for each hyperparameter outside its domain, straight from the parameter table."""
    if not page.rejects:
        return
    base, _ = prepare_case(page, page.cases[0])
    for parameter in page.parameters.values():
        if not parameter.numeric:
            continue
        low, low_allowed, high, high_allowed = parameter.bounds
        outside = {"nan": math.nan}
        if math.isfinite(low):
            outside |= {"below": low - 0.5} if low_allowed else {"lowest": low}
        if math.isfinite(high):
            outside |= {"above": high + 0.5} if high_allowed else {"highest": high}
        given = base.hyperparameters[parameter.name]
        for word, value in outside.items():
            wrong: Any = spell_number(value)
            if isinstance(given, list):
                wrong = [wrong] * len(given)
            yield {
                "id": make_case_id(page.name, f"rejects-{spell_kebab(parameter.name)}-{word}"),
                "level": "edge",
                "requirement": page.clauses[page.rejects].requirement,
                "clauses": [page.rejects],
                "why": f"{parameter.name} = {value:g} is outside {parameter.domain}.",
                "inputs": base.inputs,
                "hyperparameters": base.hyperparameters | {parameter.name: wrong},
                "rejects": parameter.name,
            }
