"""Judging: an answer against its case, every case of an implementation, and its random draws."""
