"""Validation and the search for hyperparameters."""
