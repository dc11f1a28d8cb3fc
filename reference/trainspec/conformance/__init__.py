"""The checker: load cases, call an implementation, compare, diagnose, report.

It never imports the reference to judge anyone: golden values judge.
"""
