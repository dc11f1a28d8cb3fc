"""An adapter for trainspec: fill in what your library offers, delete the rest.

Check it with:  trainspec check THIS_FILE.py
"""

name = "my library"
version = "0"
# types = ["float64", "float32"]                     # what it computes in, if not all four
# variants = {"momentum": "rate-outside-velocity"}   # what it is, if not the canonical form


def sgd(params, grads, *, learning_rate):
    """params: a list of arrays; grads: for every step a list of arrays; learning_rate: one
    number per step. Return a list with one entry per step: the parameters after it, new arrays
    of the inputs' type. The inputs must not be changed."""
    raise NotImplementedError


def momentum(params, grads, *, learning_rate, momentum):
    raise NotImplementedError


def adagrad(params, grads, *, learning_rate, epsilon):
    raise NotImplementedError


def rmsprop(params, grads, *, learning_rate, rho, epsilon):
    raise NotImplementedError


def adam(params, grads, *, learning_rate, beta1, beta2, epsilon):
    raise NotImplementedError
