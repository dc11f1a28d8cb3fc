"""Keras on PyTorch: float64 is computed in float32."""

import os

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np
from keras import ops

keras.config.set_floatx("float64")
rng = np.random.default_rng(0)
a, b = rng.random((2, 3, 3))
product = np.array(ops.matmul(*(ops.convert_to_tensor(m, dtype="float64") for m in (a, b))))
values = ops.convert_to_tensor(a, dtype="float64")
loss = keras.losses.MeanSquaredError(dtype="float64")(values, ops.zeros_like(values))
print(f"matmul is off by {abs(product - a @ b).max():.0e}")
print(f"var gives {ops.var(values).dtype}, the mean of a loss {loss.dtype}")
print(f"mean is off by {abs(np.array(ops.mean(values)) - a.mean()):.0e}")
