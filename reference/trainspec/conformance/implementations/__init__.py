"""Reaching an implementation: Python modules, programs, and what is known to fail."""
