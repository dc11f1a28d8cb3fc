"""PyTorch's update rules by its foreach implementation; everything else as the adapter `torch`."""

from __future__ import annotations

from trainspec.conformance.adapters import torch as plain

name = "PyTorch, foreach"
version = plain.version
types = plain.types
profile = plain.profile

forms = plain.updates_with(foreach=True)
sgd, momentum, adagrad, rmsprop, adam = map(
    forms.pop, ("sgd", "momentum", "adagrad", "rmsprop", "adam")
)
