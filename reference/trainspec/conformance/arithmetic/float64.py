"""The rule language over NumPy's float64, for diagnosis.

Nothing computed here judges an implementation: golden values do. It tells which edit of a rule
explains an answer that is already known to be wrong.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from trainspec.conformance.arithmetic.array_functions import ARRAY_FUNCTIONS

FLOAT64_FUNCTIONS: dict[str, Any] = {
    "sqrt": np.sqrt,
    "exp": np.exp,
    "log": np.log,
    "tanh": np.tanh,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "where": np.where,
    "lerp": lambda a, b, weight: a + weight * (b - a),
    "sign": np.sign,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
    "less": np.less,
    "less_equal": np.less_equal,
    "equal": np.equal,
    "abs": np.abs,
    "sum": np.sum,
    "dot": np.dot,
    "cholesky": np.linalg.cholesky,
    "max": np.max,
    "floor": np.floor,
    "ceil": np.ceil,
    "erf": np.vectorize(math.erf, otypes=[np.float64]),
    **ARRAY_FUNCTIONS,
    "arange": lambda v: np.arange(len(v), dtype=np.float64),
}
