"""A fully connected network of parts: any depth and width, with what the chapter adds to it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from trainspec.conformance.effects.parts import Array, Parts

#: Of batch normalisation, and how much of the running statistics a batch leaves as it is.
EPSILON, MOMENTUM = 1e-7, 0.9


class Design(Struct, frozen=True):
    """What a network is like: `sizes` are the widths of all layers, input and output included.

    `initializer` is ``he``, ``xavier``, or ``normal`` with the deviation `std`; `dtype` is the
    parts' own where it is empty.
    """

    sizes: Sequence[int]
    activation: str = "relu"
    initializer: str = "he"
    std: float = 0.0
    normalised: bool = False
    dropout: float = 0.0
    weight_decay: float = 0.0
    dtype: str = ""


class Network:
    """Parameters, and both passes; every hidden layer is affine, (normalised,) activated,
    (dropped out).

    `params` lists weights and biases, and scale and shift where there are any, layer after layer.
    """

    def __init__(self, parts: Parts, design: Design, seed: int) -> None:
        self.parts, self.design = parts, design
        self.masks = np.random.default_rng([seed, 1])
        self.params: list[Array] = []
        self.dtype = design.dtype or parts.dtype
        self.per_layer = 4 if design.normalised else 2
        self.hidden = len(design.sizes) - 2
        for layer, shape in enumerate(zip(design.sizes[:-1], design.sizes[1:])):
            W = parts.weights(design.initializer, shape, [seed, 2, layer], design.std)
            self.params += [W.astype(self.dtype), np.zeros(shape[1], self.dtype)]
            if design.normalised and layer < self.hidden:
                ones = np.ones(shape[1], self.dtype)
                self.params += [ones, np.zeros_like(ones)]
        self.mean = [np.zeros(n) for n in design.sizes[1:-1]]
        self.variance = [np.zeros(n) for n in design.sizes[1:-1]]

    def layer(self, index: int) -> list[Array]:
        """The parameters of a layer."""
        return self.params[self.per_layer * index : self.per_layer * (index + 1)]

    def compute(self, x: Array, t: Array) -> tuple[float, list[Array]]:
        """The loss of a batch, and its gradient with respect to every parameter.

        The loss is the cross-entropy alone: of the L2 penalty only the gradient is needed.
        """
        parts, design = self.parts, self.design
        saved = []
        for index in range(self.hidden):
            W, b, *scale = self.layer(index)
            z = parts.affine(x, W, b)
            y = z
            if scale:
                gamma, beta = scale
                self._observe(index, z)
                y = parts.batch_normalization(z, gamma, beta, EPSILON)
            a = parts.activation(design.activation, y)
            u = self._draw(a) if design.dropout else None
            saved.append((x, z, y, a, u))
            x = a if u is None else parts.dropout(a, u, design.dropout)
        W, b = self.layer(self.hidden)
        loss, d = parts.loss(parts.affine(x, W, b), t)
        dx, dW, db = parts.affine_back(d, x, W, b, first=not self.hidden)
        grads = [[self._decay(dW, W), db]]
        for index in reversed(range(self.hidden)):
            x, z, y, a, u = saved[index]
            W, b, *scale = self.layer(index)
            assert dx is not None
            if u is not None:
                dx = parts.dropout_back(dx, a, u, design.dropout)
            dx = parts.activation_back(design.activation, dx, y)
            of_scale: list[Array] = []
            if scale:
                gamma, beta = scale
                dx, *of_scale = parts.batch_normalization_back(dx, z, gamma, beta, EPSILON)
            dx, dW, db = parts.affine_back(dx, x, W, b, first=index == 0)
            grads.append([self._decay(dW, W), db, *of_scale])
        return loss, [g for layer in reversed(grads) for g in layer]

    def predict(self, x: Array) -> Array:
        """The logits at test time: running statistics, and dropout scaled or left out."""
        return self.activate(x)[-1]

    def activate(self, x: Array, masked: bool = False) -> list[Array]:
        """The outputs of every layer at test time, the logits last.

        With `masked` dropout drops as it does in training.
        """
        parts, design = self.parts, self.design
        outputs = []
        for index in range(self.hidden):
            W, b, *scale = self.layer(index)
            y = parts.affine(x, W, b)
            if scale:
                gamma, beta = scale
                root = np.sqrt(self.variance[index] + EPSILON)
                y = gamma * (y - self.mean[index]) / root + beta
            x = parts.activation(design.activation, y)
            if design.dropout and masked:
                x = parts.dropout(x, self._draw(x), design.dropout)
            elif design.dropout:
                x = parts.dropout_test(x, design.dropout)
            outputs.append(x)
        W, b = self.layer(self.hidden)
        return [*outputs, parts.affine(x, W, b)]

    def accuracy(self, x: Array, t: Array) -> float:
        """The share of samples whose largest logit is that of their class."""
        return float(np.mean(self.predict(x).argmax(1) == t.argmax(1)))

    def _draw(self, x: Array) -> Array:
        """Uniform numbers for the masks of a layer's outputs."""
        return np.asarray(self.masks.random(x.shape), dtype=x.dtype)

    def _decay(self, dW: Array, W: Array) -> Array:
        decay = self.design.weight_decay
        return self.parts.decay(dW, W, decay) if decay else dW

    def _observe(self, index: int, z: Array) -> None:
        """Move the running statistics towards those of a batch."""
        for running, now in ((self.mean, z.mean(0)), (self.variance, z.var(0))):
            running[index] = MOMENTUM * running[index] + (1 - MOMENTUM) * now
