"""How many cases per second enclosed arrays certify, and random expressions compared with Arb.

    python benchmarks/enclosed_arithmetic.py [--seconds 60]

Cases have 5 steps of 10 elements, in four types, a thousand at once; then a step of Adam over a
million parameters in float32; then as many random expressions as the time allows.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from enclosed_expressions import ROUNDINGS, Tally, compare
from trainspec.conformance.arithmetic.enclosed import (
    Roundings,
    enclose_constants,
    enclose_exact,
)
from trainspec.conformance.arithmetic.enclosed_functions import ENCLOSED_FUNCTIONS
from trainspec.conformance.arithmetic.run import run_rule
from trainspec.conformance.basics.float_types import TYPES
from trainspec.conformance.basics.names import operation_of
from trainspec.conformance.basics.paths import list_techniques
from trainspec.conformance.pages.load import load_page

CASES, ELEMENTS, STEPS = 1000, 10, 5
MILLION, CHUNK = 1_000_000, 8192


def run(page, roundings, shape, steps, draws):
    """The seconds that `steps` steps of a rule take on random numbers, and the certain share."""

    def numbers():
        drawn = draws.standard_normal(shape).astype(np.float32)
        return enclose_exact(roundings, drawn.astype(np.float64))

    defaults = {name: float(p.default) for name, p in page.parameters.items()}
    given = {name: enclose_constants(roundings, value) for name, value in defaults.items()}
    given["learning_rate"] = [given["learning_rate"]] * steps
    inputs = {"params": [numbers()], "grads": [[numbers()] for _ in range(steps)]}
    start = time.perf_counter()
    after = run_rule(page, page.rule, inputs, given, ENCLOSED_FUNCTIONS)["params"]
    taken = time.perf_counter() - start
    return taken, after[-1][0].nearest()[1].mean()


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="for random expressions")
    seconds = parser.parse_args().seconds
    draws = np.random.default_rng(0)
    pages = [load_page(t) for t in list_techniques() if load_page(t).is_update_rule]
    for page in pages:
        taken, certain = min(
            run(page, ROUNDINGS, (CASES, ELEMENTS), STEPS, draws) for _ in range(3)
        )
        print(
            f"{operation_of(page.technique):10} {CASES / taken:8.0f} cases/s, {certain:.2%} certain"
        )
    one = Roundings((TYPES["float32"],))
    adam = next(page for page in pages if page.name == "adam")
    parts = [run(adam, one, (CHUNK,), 1, draws)[0] for _ in range(MILLION // CHUNK)]
    print(f"a step of Adam over a million parameters, one type: {sum(parts):.2f} s")
    tally, end = Tally(), time.monotonic() + seconds
    while time.monotonic() < end:
        compare(draws, tally)
    print(
        f"random expressions: {tally.certified} of {tally.numbers} values certified, "
        f"{len(tally.wrong)} differ from Arb's; {tally.rounded} bad roundings, "
        f"{len(tally.outside)} outside their bounds"
    )


if __name__ == "__main__":
    main()
