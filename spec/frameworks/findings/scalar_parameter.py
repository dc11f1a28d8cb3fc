"""tinygrad: a parameter of no dimension cannot be updated."""

from tinygrad import Tensor
from tinygrad.helpers import Context
from tinygrad.nn import optim

W = Tensor(1.0)
W.grad = Tensor(1.0)
try:
    with Context(TRAINING=1):
        optim.SGD([W], lr=0.1).step()
    print(W.item())
except ValueError as error:
    print(f"ValueError: {error}")
