"""Recorded runs: `file -> trace -> forms that explain it, with their constants`.

A trace holds the parameters and gradients of some steps. Every step is predicted from the recorded
parameters before it, so that errors do not pile up; what an implementation may round is bounded as
for a golden case.
"""
