"""Paddle: a batch of one is not normalised."""

import paddle
from paddle.nn import functional

x = paddle.to_tensor([[1.0, -2.0, 3.0]])
mean, variance = paddle.zeros([3]), paddle.ones([3])
gamma, beta = paddle.to_tensor([2.0, 3.0, 4.0]), paddle.to_tensor([0.5, 0.25, 0.125])
print(functional.batch_norm(x, mean, variance, gamma, beta, training=True).tolist())
