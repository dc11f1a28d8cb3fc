"""Float types: their parameters are those of the types themselves."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

from trainspec.conformance.basics.float_types import TYPES
from trainspec.conformance.basics.names import TYPE_NAMES


def test_the_types_are_those_that_names_lists():
    assert tuple(TYPES) == TYPE_NAMES


@pytest.mark.parametrize("kind", TYPES.values(), ids=str)
def test_parameters_are_the_type_s(kind):
    info = ml_dtypes.finfo(kind.dtype)
    assert kind.largest == float(info.max)
    assert kind.smallest_normal == float(info.tiny)
    assert kind.roundoff == float(info.eps) / 2
    one = kind.dtype.type(1)
    assert one + kind.dtype.type(kind.roundoff) == one  # a tie goes to the even neighbour
    assert float(np.nextafter(one, kind.dtype.type(2))) == 1 + 2 * kind.roundoff
