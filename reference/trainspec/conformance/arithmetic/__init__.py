"""Running a rule: over steps and tensors, in float64, or in intervals that hold every rounding."""
