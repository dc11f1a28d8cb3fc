"""PyTorch: fused SGD with momentum fails where a first gradient comes later than the others'."""

import torch

for fused in (False, True):
    W, V = (torch.nn.Parameter(torch.zeros(1)) for _ in range(2))
    optimizer = torch.optim.SGD([W, V], lr=1.0, momentum=0.5, fused=fused)
    W.grad = torch.ones(1)
    optimizer.step()
    W.grad, V.grad = torch.ones(1), torch.ones(1)
    try:
        optimizer.step()
        print(f"fused={fused}: {W.item()}, {V.item()}")
    except TypeError:
        print(f"fused={fused}: TypeError")
