"""MLX' he_normal, Keras' l2, Paddle's cross_entropy: the same name, another constant."""

import os
from contextlib import suppress

os.environ.setdefault("KERAS_BACKEND", "torch")

with suppress(ImportError):
    import mlx.core as mx
    import numpy as np
    from mlx import nn

    mx.set_default_device(mx.cpu)
    mx.random.seed(0)
    found = np.array(nn.init.he_normal()(mx.zeros((1000, 400)))).std()
    print(f"MLX' he_normal, 400 inputs: {found:.4f}, He's is {(2 / 400) ** 0.5:.4f}")

with suppress(ImportError):
    import keras

    penalty = keras.regularizers.L2(0.1)(keras.ops.array([1.0, -2.0, 0.5]))
    print(f"Keras' l2: {float(penalty):.3f}")

with suppress(ImportError):
    import paddle

    loss = paddle.nn.functional.cross_entropy(
        paddle.to_tensor([[0.0, 2000.0]]), paddle.to_tensor([[1.0, 0.0]]), soft_label=True
    )
    print(f"Paddle's cross_entropy of 2000: {loss.item():.0f}")
