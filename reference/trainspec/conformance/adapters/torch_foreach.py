"""PyTorch's update rules by its foreach implementation; everything else as the adapter `torch`."""

from __future__ import annotations

from trainspec.conformance.adapters import torch as plain

name = "PyTorch, foreach"
version = plain.version
types = plain.types
profile = plain.profile
known_failures = plain.known_failures

forms = plain.updates_with(foreach=True)
globals().update({row: forms.pop(row) for row in list(forms) if ":" not in row})
