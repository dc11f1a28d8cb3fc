"""Paddle, MLX and TensorFlow 1: float64 parameters, constants in float32."""

from contextlib import suppress

with suppress(ImportError):
    import paddle

    W = paddle.create_parameter(
        [1], "float64", default_initializer=paddle.nn.initializer.Constant(1)
    )
    W.grad = paddle.to_tensor([1.0], "float64")
    optimizer = paddle.optimizer.RMSProp(1.0, rho=0.9, epsilon=1e-10, parameters=[W])
    optimizer.step()
    print(
        f"Paddle's RMSProp: {W.item()!r}, with float64 constants {1 - 1 / (0.1 + 1e-10) ** 0.5!r}"
    )

with suppress(ImportError):
    import mlx.core as mx
    import mlx.optimizers as optim

    mx.set_default_device(mx.cpu)
    start = {"W": mx.array([1.0], dtype=mx.float64)}
    moved = optim.SGD(0.01).apply_gradients({"W": mx.array([1.0], dtype=mx.float64)}, start)
    print(f"MLX' SGD: {moved['W'].item()!r}")

with suppress(ImportError):
    import tensorflow as tf

    V = tf.Variable(tf.constant([1.0], tf.float64))
    tf.compat.v1.train.GradientDescentOptimizer(0.01).apply_gradients(
        [(tf.constant([1.0], tf.float64), V)]
    )
    print(f"TensorFlow's GradientDescentOptimizer: {V.numpy()[0].item()!r}")
