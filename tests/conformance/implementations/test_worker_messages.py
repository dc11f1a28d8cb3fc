"""What a Python adapter returns comes out of its process as it is."""

from __future__ import annotations

from collections import OrderedDict

import ml_dtypes
import msgspec
import numpy as np
import pytest

from trainspec.conformance.implementations import worker_messages


def through(value):
    return worker_messages.decode(worker_messages.encode(value))


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.arange(6.0).reshape(2, 3).T,
        np.float32(2.5),
        np.zeros((0, 3), np.float16),
        np.array([1, np.nan, np.inf], ml_dtypes.bfloat16),
        np.array([True, False]),
        np.array(7),
    ],
)
def test_arrays_keep_their_type_shape_and_numbers(array):
    got = through(array)
    assert (got.dtype, got.shape) == (array.dtype, array.shape)
    assert np.array_equal(got.astype(float), np.asarray(array).astype(float), equal_nan=True)


def test_nests_keep_their_form():
    value = {"a": [np.ones(2), (np.zeros(1), None)], "b": 2.5, "c": [[1, 2], [3]]}
    got = through(value)
    assert list(got) == ["a", "b", "c"]
    assert isinstance(got["a"], list)
    assert isinstance(got["a"][1], tuple)
    assert got["a"][1][1] is None
    assert got["b"] == 2.5
    assert got["c"] == [[1.0, 2.0], [3.0]]


class Tensor:
    """Another library's tensor."""

    def __array__(self, dtype=None, copy=None):
        return np.array([1.0, 2.0])


class Bomb:
    def __array__(self, dtype=None, copy=None):
        raise SystemExit(0)


def test_what_is_no_array_is_turned_into_one_or_described():
    assert through(Tensor()) == [1.0, 2.0]
    for odd in (Bomb(), object()):
        got = through(odd)
        assert type(got).__name__ == type(odd).__name__
        with pytest.raises(TypeError):
            np.asarray(got, dtype=np.float64)
    assert through(np.array(["x"])).dtype.kind == "U"
    assert through(np.array([1j])).dtype.kind == "c"
    endless = []
    endless.append(endless)
    assert worker_messages.encode(endless)


def test_a_message_that_is_cut_is_refused():
    message = worker_messages.encode(np.ones(3))
    with pytest.raises(msgspec.DecodeError):
        worker_messages.decode(message[:-4])


def test_numbers_in_another_byte_order_are_the_same_numbers():
    got = through(np.arange(3.0).astype(">f8"))
    assert np.array_equal(got, np.arange(3.0))


def test_any_kind_of_dict_is_a_dict():
    assert list(through(OrderedDict(y=np.ones(2)))) == ["y"]


def test_text_that_no_encoding_holds_is_sent_with_a_mark():
    assert through({"a": "\ud800"}) == {"a": "?"}


@pytest.mark.parametrize("kind", [np.float64, np.int8, complex, object])
def test_of_an_array_of_any_size_only_the_shape_is_sent(kind):
    large = np.broadcast_to(np.zeros((), kind), (10**12,))
    message = worker_messages.encode(large)
    assert len(message) < 100
    assert worker_messages.decode(message).shape == (10**12,)
