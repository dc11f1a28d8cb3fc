"""``python -m trainspec.conformance.cli``."""

from trainspec.conformance.cli import main

main(prog_name="trainspec")
