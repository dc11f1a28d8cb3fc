"""Saying what was found: the report as records, on the terminal, and the matrix of many reports."""
