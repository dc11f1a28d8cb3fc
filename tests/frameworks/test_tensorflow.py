"""TensorFlow: what its operations' cases do not show."""

from __future__ import annotations

import math

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow")


def slope(function):
    x = tf.constant(0.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    return float(tape.gradient(y, x))


def test_slopes_at_zero():
    assert slope(tf.nn.relu) == 0
    assert slope(lambda x: tf.maximum(x, 0.0)) == 1


def test_dropout_at_one_is_refused():
    with pytest.raises(ValueError, match="rate"):
        tf.nn.dropout(tf.constant([1.0]), 1.0)


def test_the_fused_batch_normalisation_gives_the_unbiased_variance():
    x = np.arange(8.0, dtype=np.float32).reshape(2, 2, 2, 1)
    found = tf.raw_ops.FusedBatchNormV3(
        x=x, scale=[1.0], offset=[0.0], mean=[], variance=[], epsilon=1e-3, is_training=True
    )
    assert float(found.batch_variance[0]) == pytest.approx(x.var(ddof=1), rel=1e-5)


def test_the_l2_loss_has_the_half():
    assert float(tf.nn.l2_loss([1.0, -2.0, 0.5])) == 2.625


def test_a_python_number_is_cast_through_float32():
    assert float(tf.cast(0.01, tf.float64)) == float(np.float32(0.01)) != 0.01
    assert float(tf.constant(0.01, tf.float64)) == 0.01


def test_softmax_hides_part_of_a_nan_in_float32():
    """With oneDNN, as installed; without it all three are NaN."""
    x = tf.constant([[math.nan, 1.0, 2.0]])
    found = np.isnan(np.array(tf.nn.softmax(x))[0]).tolist()
    wide = np.isnan(np.array(tf.nn.softmax(tf.cast(x, tf.float64)))[0]).tolist()
    assert wide == [True, True, True]
    assert found in ([True, False, False], [True, True, True])


def test_what_dropout_keeps_is_scaled_in_training():
    tf.random.set_seed(1)
    assert np.allclose(np.unique(np.array(tf.nn.dropout(tf.ones(100), 0.25))), [0, 4 / 3])
