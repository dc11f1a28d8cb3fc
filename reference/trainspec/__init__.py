"""trainspec: a reference specification and conformance suite for the techniques of training.

The reference is in `trainspec.optimizers` and its sisters: pure functions over NumPy arrays, one
technique a module, named as in the spec. The checker is `trainspec.conformance`, and on the
command line ``trainspec``.
"""

__version__ = "0.1.0"
