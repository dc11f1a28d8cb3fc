"""How many cases a second the checker does, once loaded: `python benchmarks/throughput.py`.

Prints the rate over all cases and over those of at most a hundred steps, and for comparison the
time that the reference alone takes for the same calls, without the checker around it.
"""

import time

from trainspec.conformance.cases.inputs import make_inputs
from trainspec.conformance.cases.load import load_cases
from trainspec.conformance.checking.check import check_cases
from trainspec.conformance.implementations.target import load_implementation

ROUNDS = 5


def best(function):
    """The shortest of several runs, in seconds."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def main():
    reference = load_implementation(["reference"])
    every = load_cases()
    short = [c for c in every if (c.steps or 0) <= 100]
    for name, chosen in (("all cases", every), ("cases of at most 100 steps", short)):
        count = len(list(check_cases(reference, chosen)))
        seconds = best(lambda: list(check_cases(reference, chosen)))
        calls = [
            (getattr(reference.module, c.operation), make_inputs(c, kind).nest, c.numbers())
            for c in chosen
            for kind in c.types
            if not c.rejects
        ]
        alone = best(lambda: [f(*inputs.values(), **numbers) for f, inputs, numbers in calls])
        print(
            f"{name}: {count} in {seconds:.3f} s, {count / seconds:.0f} a second; "
            f"the reference alone {alone:.3f} s"
        )


if __name__ == "__main__":
    main()
