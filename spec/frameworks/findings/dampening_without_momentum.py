"""PyTorch and MLX: without momentum there is no dampening."""

import torch

for momentum in (0, 1e-30):
    W = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = torch.optim.SGD([W], lr=1.0, momentum=momentum, dampening=0.125)
    for _ in range(2):
        W.grad = torch.ones_like(W)
        optimizer.step()
    print(f"momentum {momentum}: {W.item()}")
