"""trainspec: a reference specification and conformance suite for the techniques of training.

The reference is in `trainspec.optimizers` and its sisters: pure functions over NumPy arrays, one
technique a module, named as in the spec. The checker is `trainspec.conformance`, and on the
command line ``trainspec``.
"""


def __getattr__(name: str) -> str:
    """The version, looked up when it is asked for: reading metadata takes time."""
    if name != "__version__":
        raise AttributeError(f"module 'trainspec' has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("trainspec")
    except PackageNotFoundError:  # a source tree that nobody installed
        return "0"
