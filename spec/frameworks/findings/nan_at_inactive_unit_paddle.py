"""Paddle: a NaN gradient passes a ReLU that is off."""

import paddle

x = paddle.to_tensor([-1.0], stop_gradient=False)
paddle.nn.functional.relu(x).backward(paddle.to_tensor([float("nan")]))
print("Paddle:", x.grad.item())
