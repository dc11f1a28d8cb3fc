"""Functions of whole tensors: statistics that keep the shape, and narrow types."""

from __future__ import annotations

import numpy as np

from trainspec.conformance.pages.tensor_functions import NARROW, STATISTICS


def test_statistics_keep_the_shape():
    x = np.arange(6.0).reshape(2, 3) - 2
    for name, (words, function) in STATISTICS.items():
        assert np.shape(function(x)) == x.shape, name
        assert np.shape(function(np.array(2.0))) == ()
        assert np.shape(function(np.empty((0, 3)))) == (0, 3)
        assert "{0}" in words
    assert STATISTICS["mean_of"][1](x)[0, 0] == 0.5
    assert STATISTICS["row_mean_of"][1](x).tolist() == [[-1.0] * 3, [2.0] * 3]
    assert STATISTICS["permuted"][1](x).tolist() == [[-2.0, 0.0, 2.0], [-1.0, 1.0, 3.0]]
    assert STATISTICS["centred_units"][1](x).tolist() == [[-1.0, 0.0, 1.0]] * 2
    outer = np.outer([1.0, 2.0], [3.0, 4.0, 5.0])
    assert np.allclose(STATISTICS["factored"][1](outer), outer)


def test_narrow_types_have_their_bits():
    x = np.array([1 + 2.0**-10, 1 + 2.0**-11 + 2.0**-12, -(1 + 2.0**-11 + 2.0**-12)])
    bits, rounded = NARROW["TF32"]
    assert bits == 11
    assert rounded(x).tolist() == [1 + 2.0**-10, 1 + 2.0**-10, -(1 + 2.0**-10)]
    _, cut = NARROW["TF32, cut and not rounded"]
    assert cut(x).tolist() == [1 + 2.0**-10, 1.0, -1.0]
    assert NARROW["bfloat16"][1](x).tolist() == [1.0, 1.0, -1.0]
    assert NARROW["float16"][1](x[:1]).tolist() == [1 + 2.0**-10]
