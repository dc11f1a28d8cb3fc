"""The parts of a training loop: those that the implementation offers, the reference's for others.

An operation such as ``relu`` answers both passes at once. Another implementation than the
reference is therefore asked twice: for the outputs, and again when the gradient is known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, cast

import numpy as np

from trainspec.conformance.arithmetic.float64 import FLOAT64_FUNCTIONS
from trainspec.conformance.arithmetic.run import run_rule
from trainspec.conformance.basics.errors import UserError
from trainspec.conformance.basics.names import (
    Offering,
    draw_function,
    start_function,
)
from trainspec.conformance.basics.paths import technique_of
from trainspec.conformance.checking.declarations import read_declarations
from trainspec.conformance.implementations.python_module import Objects, PythonModule
from trainspec.conformance.implementations.target import load_implementation
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.page import Page
from trainspec.conformance.pages.parts import FUNCTION
from trainspec.layers import affine, batch_normalization, dropout
from trainspec.losses import softmax_cross_entropy
from trainspec.networks.multilayer import ACTIVATIONS
from trainspec.regularizers import l2_penalty

Array = np.ndarray[Any, Any]


@cache
def _load_reference() -> PythonModule:
    return cast(PythonModule, load_implementation(["reference"], in_process=True))


class Parts:
    """Layers, update rules, initialisers and searches, as an implementation has them.

    `mistakes` (operation -> name) puts a variant or a named error of the page in place of an
    operation. `lacking` are the operations that were asked for and taken from the reference,
    `used` those that were the implementation's.
    """

    def __init__(
        self, implementation: PythonModule | None = None, mistakes: Mapping[str, str] | None = None
    ) -> None:
        self.implementation = implementation
        self.mistakes = dict(mistakes or {})
        for operation, edit in self.mistakes.items():
            _check_mistake(operation, edit)
        self.used: set[str] = set()
        self.lacking: set[str] = set()
        self._reference = _load_reference()

    @property
    def name(self) -> str:
        """What the parts are called."""
        name = self.implementation.name if self.implementation else "trainspec reference"
        return name + "".join(f", {part}:{edit}" for part, edit in self.mistakes.items())

    @property
    def dtype(self) -> str:
        """The type to train in: float64, or float32 where the implementation has no other."""
        types = self.implementation.types if self.implementation else ("float64",)
        return "float64" if "float64" in types else "float32"

    # Layers. Each has a forward pass, and a backward pass that takes what the forward pass took.

    def affine(self, x: Array, W: Array, b: Array) -> Array:
        """The outputs of an affine layer."""
        if self._is_reference("affine"):
            return affine.forward(x, W, b)
        return self.ask("affine", x, W, b, np.zeros((len(x), W.shape[1]), x.dtype))["y"]

    def affine_back(
        self, dy: Array, x: Array, W: Array, b: Array, first: bool = False
    ) -> tuple[Array | None, Array, Array]:
        """The gradients with respect to inputs, weights and biases; the first layer's inputs
        need none.
        """
        if self._is_reference("affine"):
            dW, db = affine.backward_parameters(dy, x)
            return (None if first else affine.backward_inputs(dy, W)), dW, db
        out = self.ask("affine", x, W, b, dy)
        return out["dx"], out["dW"], out["db"]

    def activation(self, name: str, x: Array) -> Array:
        """The outputs of ``sigmoid``, ``tanh`` or ``relu``."""
        if self._is_reference(name):
            forward: Callable[[Array], Array] = ACTIVATIONS[name].forward
            return forward(x)
        return self.ask(name, x, np.zeros_like(x))["y"]

    def activation_back(self, name: str, dy: Array, x: Array) -> Array:
        """The gradient with respect to the inputs."""
        if self._is_reference(name):
            backward: Callable[[Array, Array], Array] = ACTIVATIONS[name].backward
            return backward(dy, x)
        return self.ask(name, x, dy)["dx"]

    def batch_normalization(self, x: Array, gamma: Array, beta: Array, epsilon: float) -> Array:
        """The outputs of batch normalisation in training."""
        if self._is_reference("batch_normalization"):
            return batch_normalization.forward(x, gamma, beta, epsilon=epsilon)
        zeros = np.zeros_like(x)
        return self.ask("batch_normalization", x, gamma, beta, zeros, epsilon=epsilon)["y"]

    def batch_normalization_back(
        self, dy: Array, x: Array, gamma: Array, beta: Array, epsilon: float
    ) -> tuple[Array, Array, Array]:
        """The gradients with respect to inputs, scale and shift."""
        if self._is_reference("batch_normalization"):
            return batch_normalization.backward(dy, x, gamma, epsilon=epsilon)
        out = self.ask("batch_normalization", x, gamma, beta, dy, epsilon=epsilon)
        return out["dx"], out["dgamma"], out["dbeta"]

    def dropout(self, x: Array, u: Array, ratio: float) -> Array:
        """The outputs of dropout in training, for uniform numbers `u`."""
        if self._is_reference("dropout"):
            return dropout.forward(x, dropout.mask(u, ratio=ratio))
        return self.ask("dropout", x, u, np.zeros_like(x), ratio=ratio)["y"]

    def dropout_back(self, dy: Array, x: Array, u: Array, ratio: float) -> Array:
        """The gradient with respect to the inputs."""
        if self._is_reference("dropout"):
            return dropout.backward(dy, dropout.mask(u, ratio=ratio))
        return self.ask("dropout", x, u, dy, ratio=ratio)["dx"]

    def dropout_test(self, x: Array, ratio: float) -> Array:
        """The outputs of dropout at test time."""
        if self._is_reference("dropout"):
            return dropout.testing(x, ratio=ratio)
        return self.ask("dropout", x, np.ones_like(x) / 2, np.zeros_like(x), ratio=ratio)["test"]

    def loss(self, logits: Array, targets: Array) -> tuple[float, Array]:
        """The mean cross-entropy, and its gradient with respect to the logits."""
        if self._is_reference("softmax_cross_entropy"):
            loss = softmax_cross_entropy.forward(logits, targets)
            return float(loss), softmax_cross_entropy.backward(logits, targets)
        out = self.ask("softmax_cross_entropy", logits, targets)
        return float(out["loss"]), out["dlogits"]

    def decay(self, dW: Array, W: Array, weight_decay: float) -> Array:
        """The gradient of weights with that of the L2 penalty."""
        if self._is_reference("l2_penalty"):
            return l2_penalty.gradient(dW, W, weight_decay=weight_decay)
        b = np.zeros(1, W.dtype)
        return self.ask("l2_penalty", W, b, dW, b, weight_decay=weight_decay)["gradient_W"]

    def weights(
        self, initializer: str, shape: tuple[int, int], seed: Sequence[int], std: float = 0.0
    ) -> Array:
        """Weights of an initialiser, such as ``he``, or ``normal`` with a deviation.

        An initialiser that draws numbers of its own is given a seed.
        """
        generator = np.random.default_rng(list(seed))
        fans = {"fan_in": float(shape[0]), "fan_out": float(shape[1])}
        given = {"std": std} if initializer == "normal" else fans
        draw = draw_function(initializer)
        own = self._offers(draw) and not self._offers(initializer)
        if own and initializer not in self.mistakes and self.implementation:
            self.used.add(initializer)
            sizes: dict[str, Any] = {"fan_in": shape[0], "fan_out": shape[1]}
            if initializer == "normal":
                sizes = {"rows": shape[0], "columns": shape[1], "std": std}
            drawn = int(generator.integers(2**31))
            return np.asarray(
                self.implementation.answer(Offering(draw), {}, {"seed": drawn, **sizes})
            )
        return self.ask(initializer, generator.standard_normal(shape), **given)["W"]

    # Everything else.

    def start(self, rule: str, params: Sequence[Array], **hyperparameters: float) -> Steps:
        """A run of an update rule, asked with ``step(grads)``."""
        function = start_function(rule)
        own = self.implementation is not None and self.implementation.offers(function)
        (self.used if own else self.lacking).add(rule)
        source = self.implementation if own and self.implementation else self._reference
        return Steps(Objects(source.function(Offering(function))), params, hyperparameters)

    def ask(self, operation: str, *inputs: Any, **numbers: Any) -> dict[str, Array]:
        """The outputs of an operation by name."""
        page = load_page(technique_of(operation))
        nest = dict(zip(page.inputs, inputs))
        if operation in self.mistakes:
            self.used.add(operation)
            return _run_edit(page, self.mistakes[operation], nest, numbers)
        own = self._offers(operation)
        (self.used if own else self.lacking).add(operation)
        source = self.implementation if own and self.implementation else self._reference
        answer = source.answer(Offering(operation), nest, numbers)
        if isinstance(answer, dict):
            return answer
        single = len(page.outputs) == 1 or not isinstance(answer, (tuple, list))
        return dict(zip(page.outputs, [answer] if single else answer))

    def form_of(self, operation: str) -> str:
        """The form that the implementation declares for an operation, or the mistake there."""
        if operation in self.mistakes:
            return self.mistakes[operation]
        if self.implementation is None or operation not in self.used:
            return ""
        declared = read_declarations(self.implementation)
        return declared.get(start_function(operation), declared.get(operation, ""))

    def _offers(self, operation: str) -> bool:
        return self.implementation is not None and self.implementation.offers(operation)

    def _is_reference(self, operation: str) -> bool:
        """Whether the reference's own two passes are to be used."""
        if operation in self.mistakes or self._offers(operation):
            return False
        self.lacking.add(operation)
        return True


class Steps:
    """One run of an update rule."""

    def __init__(
        self, objects: Objects, params: Sequence[Array], hyperparameters: Mapping[str, float]
    ) -> None:
        self._objects = objects
        self._rate = {"learning_rate": hyperparameters["learning_rate"]}
        objects.start("run", {"params": list(params)}, hyperparameters)

    def step(self, grads: Sequence[Array | None]) -> list[Array]:
        """The parameters after one more step."""
        after = self._objects.step("run", {"grads": list(grads)}, self._rate)
        return list(after["params"] if isinstance(after, dict) else after)


def _run_edit(
    page: Page, edit: str, nest: Mapping[str, Any], numbers: Mapping[str, Any]
) -> dict[str, Any]:
    """A page's variant or error, run as it stands."""
    return run_rule(page, page.rule_of_form(edit), nest, numbers, FLOAT64_FUNCTIONS)


def _check_mistake(operation: str, edit: str) -> None:
    """Raise `UserError` unless a page has that operation, and that variant or error of it."""
    page = load_page(technique_of(operation))
    if page.kind != FUNCTION:
        raise UserError(f"{operation}: only a function can be exchanged for a mistake")
    page.rule_of_form(edit)
