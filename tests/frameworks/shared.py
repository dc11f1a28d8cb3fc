"""What the tests of real libraries share."""

from __future__ import annotations

import math

import numpy as np

from trainspec.conformance import check, load_implementation
from trainspec.conformance.diagnosis.object_forms import find_forms

#: Weights of a dense layer with 400 inputs and 100 outputs are drawn.
FAN_IN, FAN_OUT = 400, 100
GLOROT = math.sqrt(2 / (FAN_IN + FAN_OUT))
HE = math.sqrt(2 / FAN_IN)
LECUN = math.sqrt(1 / FAN_IN)
#: The deviation of a normal distribution cut off at two deviations.
CUT = 0.8796256610342398


def deviates(draws, std, bound=math.inf):
    """Whether draws have the deviation `std` and stay within `bound`.

    The deviation of 40,000 draws is off by more than 2.5 % of itself with a probability under
    1e-11 for a normal distribution, and less for the bounded ones; the seeds are fixed besides.
    """
    draws = np.asarray(draws, dtype=np.float64)
    within = np.abs(draws).max() <= bound * (1 + 1e-6)
    reaches = math.isinf(bound) or np.abs(draws).max() > 0.97 * bound
    return abs(draws.std() / std - 1) < 0.025 and within and reaches


def judge_by_name(path):
    """What an object is found to be, and whether it conforms as that."""
    implementation = load_implementation(path, in_process=True, timeout=60)
    forms = find_forms(implementation)
    # In all four types the report on the library's adapter judges.
    checked = check(implementation, forms=forms, types=["float64", "float32"])
    return forms, checked.conforms, str(checked)
