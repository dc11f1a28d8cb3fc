"""The two constants that are chosen, not derived: both are the same for every technique."""

from __future__ import annotations

#: Tolerance over radius: lets other orders of operation differ by as many roundings again.
ORDERS = 2.0
#: A case serves a type only while its tolerance is under this part of its largest value.
CAP = 2.0**-3
