"""Flax: the variance in one pass loses the digits of values far from zero."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

x = jnp.asarray(10000 + np.array([[-0.125], [0.125], [-0.125], [0.125]]), jnp.float32)
for fast in (True, False):
    layer = nn.BatchNorm(use_running_average=False, use_fast_variance=fast)
    y, _ = layer.apply(layer.init(jax.random.key(0), x), x, mutable=["batch_stats"])
    print(f"use_fast_variance={fast}: {float(abs(y).max()):.4f}, expected 0.9997")
