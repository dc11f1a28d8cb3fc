"""TensorFlow, MLX, Paddle: a NaN gradient passes a ReLU that is off. PyTorch's returns 0."""

import torch

x = torch.tensor([-1.0], requires_grad=True)
torch.relu(x).backward(torch.tensor([float("nan")]))
print("PyTorch:", x.grad.item())

import mlx.core as mx
from mlx import nn

mx.set_default_device(mx.cpu)
gradients = mx.vjp(nn.relu, [mx.array([-1.0])], [mx.array([float("nan")])])[1]
print("MLX:", gradients[0].item())
