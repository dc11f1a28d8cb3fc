"""Functions of the rule language that only move numbers about, for any kind of number."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np


def column(v: Any) -> Any:
    """A vector as a column, to stand beside the rows of a matrix."""
    return np.asarray(v)[:, None]


def columns(x: Any) -> Any:
    """The values of every channel as a column: (N, C, ...) becomes (N times ..., C)."""
    return np.moveaxis(x, 1, -1).reshape(-1, np.shape(x)[1])


def reshape_like(y: Any, x: Any) -> Any:
    """What `columns` made, in the shape of `x` again."""
    n, c, *rest = np.shape(x)
    return np.moveaxis(np.asarray(y).reshape(n, *rest, c), -1, 1)


def count(x: Any, axis: int | None = None) -> int:
    """How many numbers a sum over `axis` adds."""
    return int(np.size(x) if axis is None else np.shape(x)[axis])


def transpose(x: Any) -> Any:
    """Rows and columns exchanged."""
    return np.asarray(x).T


def diagonal(x: Any) -> Any:
    """The diagonal of a matrix."""
    return np.diagonal(x)


def solve(a: Any, b: Any) -> Any:
    """The solution of a x = b for a positive definite matrix, by elimination without pivots."""
    solved = eliminate([list(row) for row in np.asarray(a)], list(np.asarray(b)))
    return np.array(solved, dtype=np.asarray(b).dtype)


def eliminate(a: list[list[Any]], b: list[Any]) -> list[Any]:
    """The rows of x in a x = b, from the numbers of a and the rows of b; both are changed."""
    n = len(a)
    for i in range(n):
        for j in range(n):
            if i != j:
                factor = a[j][i] / a[i][i]
                for k in range(i + 1, n):
                    a[j][k] = a[j][k] - factor * a[i][k]
                b[j] = b[j] - factor * b[i]
    return [b[i] / a[i][i] for i in range(n)]


def factorize(a: Any, root: Callable[[Any], Any]) -> list[list[Any]]:
    """The lower factor L of L Lᵀ = a, row by row, with `root` for a square root."""
    lower: list[list[Any]] = []
    for i in range(len(a)):
        made: list[Any] = []
        for j in range(i + 1):
            above = made if j == i else lower[j]
            rest = a[i, j]
            for k in range(j):
                rest = rest - made[k] * above[k]
            made.append(root(rest) if j == i else rest / lower[j][j])
        lower.append([*made, *(0 * a[i, j] for j in range(i + 1, len(a)))])
    return lower


def product(v: Any) -> Any:
    """The product of all elements."""
    made: Any = 1
    for factor in np.asarray(v).ravel():
        made = made * factor
    return made


def arange(v: Any) -> Any:
    """The numbers of the elements of a vector, from 0."""
    return np.arange(len(v)).astype(object)


def floor_int(x: Any) -> int:
    """The largest whole number that is not above `x`, to count with."""
    return int(x.floor_int() if hasattr(x, "floor_int") else math.floor(x))


def floor_of_product(ratio: Any, n: int) -> int:
    """The largest whole number that is not above `ratio` times `n`, of the exact product."""
    exact = hasattr(ratio, "floor_of_product")
    return int(ratio.floor_of_product(n) if exact else math.floor(n * Fraction(float(ratio))))


def take(x: Any, indices: Any) -> Any:
    """The rows of `x` in the order of `indices`."""
    return np.asarray(x)[[floor_int(i) for i in np.asarray(indices).ravel()]]


ARRAY_FUNCTIONS = {
    function.__name__: function
    for function in (
        *(arange, column, columns, count, diagonal, floor_int, floor_of_product),
        *(product, reshape_like, solve, take, transpose),
    )
}
