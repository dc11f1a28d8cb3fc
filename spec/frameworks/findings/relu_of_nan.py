"""tinygrad: the ReLU of NaN is 0."""

from tinygrad import Tensor

print(Tensor([float("nan"), 1.0]).relu().tolist())
