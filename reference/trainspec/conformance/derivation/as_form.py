"""A case with the values of another form: from its golden entry, or derived when needed.

The golden files hold every variant alone. A combination, such as ``eps-hat+decoupled-decay``, is
composed from the page's edits and derived: with NumPy, or where that is not enough by the
derivation that certified the files.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec

import msgspec
from msgspec.structs import replace

from trainspec.conformance.basics.float_types import TYPES
from trainspec.conformance.cases.case import Case
from trainspec.conformance.cases.golden import GoldenForm
from trainspec.conformance.cases.load import flatten_numbers
from trainspec.conformance.derivation.quick import derive_quickly
from trainspec.conformance.pages.load import load_page


def as_form(case: Case, name: str) -> Case:
    """The same inputs with the values of the form `name`: variants joined by ``+``, or none.

    Raises ModuleNotFoundError for a combination that needs the extra `certification`, where it is
    missing.
    """
    if not name:
        return case
    if case.rejects:
        return replace(case, form=name)
    values = case.variants[name] if name in case.variants else derive_form(case, name)
    return replace(
        case,
        form=name,
        hyperparameters={**case.hyperparameters, **values.hyperparameters},
        outputs=case.outputs if values.outputs is None else values.outputs,
        expected=flatten_numbers(values.expected),
        tolerance={kind: flatten_numbers(v) for kind, v in values.tolerance.items()},
    )


def derive_form(case: Case, name: str) -> GoldenForm:
    """What the golden file would hold of `case` for the variants that `name` joins."""
    arb = find_spec("flint") is not None
    # Arb, where it is installed, is faster on a long case, and sharper where bounds are loose.
    quick = None if arb and case.is_long else derive_quickly(case, name)
    if quick is not None and (_judges_all(quick, case) or not arb):
        return quick
    return _derive(case.technique, case.name, name, tuple(case.tolerance))


def _judges_all(form: GoldenForm, case: Case) -> bool:
    """Whether every number is judged in every type that the case serves."""
    return form.tolerance.keys() == case.tolerance.keys() and not any(
        "Infinity" in tolerance for tolerance in form.tolerance.values()
    )


@cache
def _derive(technique: str, case: str, name: str, kinds: tuple[str, ...]) -> GoldenForm:
    # The extra `certification`: nothing else of the checker needs it.
    from trainspec.conformance.derivation.golden import derive_variant

    page = load_page(technique)
    (text,) = (text for text in page.cases if text.name == case)
    served = {kind: TYPES[kind] for kind in kinds}
    entry = derive_variant(page, name, text, served)
    derived: GoldenForm = msgspec.convert(entry, GoldenForm)
    return derived
