"""PyTorch, Optax and MLX: a zero gradient becomes NaN in float16."""

from contextlib import suppress

with suppress(ImportError):
    import torch

    for fused in (False, True):
        W = torch.nn.Parameter(torch.tensor([0.5], dtype=torch.float16))
        W.grad = torch.zeros_like(W)
        torch.optim.Adam([W], fused=fused).step()
        print(f"PyTorch's Adam(fused={fused}): {W.item()}")

with suppress(ImportError):
    import jax.numpy as jnp
    import optax

    rule, params = optax.adam(0.001), jnp.array([0.5], jnp.float16)
    moved, _ = rule.update(jnp.zeros_like(params), rule.init(params), params)
    print(f"Optax' adam: {optax.apply_updates(params, moved)[0]}")

with suppress(ImportError):
    import mlx.core as mx
    import mlx.optimizers as optim

    mx.set_default_device(mx.cpu)
    start = {"W": mx.array([0.5], dtype=mx.float16)}
    after = optim.Adam(0.001).apply_gradients({"W": mx.array([0.0], dtype=mx.float16)}, start)
    print(f"MLX' Adam: {after['W'].item()}")
