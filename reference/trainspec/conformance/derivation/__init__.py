"""From a page to golden values: inputs, tolerances, margins, the files, their certification.

Needs the extra `certification` (python-flint, PyYAML). Whoever only reads golden values never
imports it: `as_form` says where a combination needs it.
"""
