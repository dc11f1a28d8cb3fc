"""PyTorch's update rules by its fused implementation; everything else as the adapter `torch`."""

from __future__ import annotations

from trainspec.conformance.adapters import torch as plain

name = "PyTorch, fused"
version = plain.version
types = plain.types
profile = plain.profile
known_failures = plain.known_failures

forms = plain.updates_with(fused=True)
globals().update({row: forms.pop(row) for row in list(forms) if ":" not in row})
