"""Records print what a reader can read."""

from msgspec import Struct

from trainspec.conformance.basics.records import describe_record


class Reading(Struct):
    name: str
    values: list[float]
    size: int = 2


def test_hidden_fields_are_left_out():
    described = describe_record(Reading("x", [0.1] * 1000), "values")
    assert described == "Reading(name='x', size=2)"


def test_without_hidden_fields_it_is_what_python_prints():
    record = Reading("x", [0.5])
    assert describe_record(record) == repr(record)
