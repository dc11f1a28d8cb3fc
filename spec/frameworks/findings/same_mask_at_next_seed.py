"""Keras on PyTorch: the second mask of one seed is the first mask of the next."""

import os

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

first, second = keras.layers.Dropout(0.5, seed=1), keras.layers.Dropout(0.5, seed=2)
ones = np.ones((128, 256), np.float32)
masks = [np.array(first(ones, training=True)) > 0 for _ in range(2)]
other = np.array(second(ones, training=True)) > 0
print(
    f"equal: {np.mean(masks[1] == other):.2%}; with the first mask of seed 1: "
    f"{np.mean(masks[0] == other):.1%}"
)
