"""SciPy (https://github.com/scipy/scipy): its log-uniform distribution, and moments."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy
from scipy import stats

name = "SciPy"
version = scipy.__version__
types = ["float64", "float32"]
profile = "scipy"


def log_uniform(u: Any, *, low: float, high: float) -> Any:
    return stats.loguniform(low, high).ppf(u).astype(u.dtype)


def standard_deviation(x: Any) -> Any:
    found = stats.describe(x, ddof=0)
    values = {"mean": found.mean, "variance": found.variance, "std": np.sqrt(found.variance)}
    return {name: np.asarray(value, x.dtype) for name, value in values.items()}
