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
    if u.dtype != np.float64:
        raise NotImplementedError("SciPy's distributions return float64 whatever they are given")
    return stats.loguniform(low, high).ppf(u)


def standard_deviation(x: Any) -> Any:
    found = {
        "mean": stats.tmean(x), "variance": stats.tvar(x, ddof=0), "std": stats.tstd(x, ddof=0)
    }  # fmt: skip
    return {name: np.asarray(value) for name, value in found.items()}
