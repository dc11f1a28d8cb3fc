"""Regularisers: the L2 penalty."""
