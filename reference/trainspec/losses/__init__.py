"""Losses: softmax with cross-entropy."""
