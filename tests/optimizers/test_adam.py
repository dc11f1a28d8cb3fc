"""Adam: right orders of operation pass, wrong formulas are named, mpmath agrees to 30 digits."""

from __future__ import annotations

from fractions import Fraction

import ml_dtypes
import mpmath
import numpy as np
import pytest

from helpers import KINDS, adapter, failures, margins, named, rejected_in, results, update_rule
from independent import agrees
from trainspec.optimizers import adam


def moments(s, g):
    s.setdefault("m", np.zeros_like(g))
    s.setdefault("v", np.zeros_like(g))


def right(W, g, s, t, k, h):
    moments(s, g)
    s["m"] = h.beta1 * s["m"] + (1 - h.beta1) * g
    s["v"] = h.beta2 * s["v"] + (1 - h.beta2) * g * g
    m_hat, v_hat = s["m"] / (1 - h.beta1**t), s["v"] / (1 - h.beta2**t)
    return W - h.rate * m_hat / (np.sqrt(v_hat) + h.epsilon)


def lerp(W, g, s, t, k, h):
    moments(s, g)
    s["m"] = s["m"] + (1 - h.beta1) * (g - s["m"])
    s["v"] = s["v"] + (1 - h.beta2) * (g * g - s["v"])
    return W - h.rate * (s["m"] / (1 - h.beta1**t)) / (
        np.sqrt(s["v"] / (1 - h.beta2**t)) + h.epsilon
    )


def folded_rate(W, g, s, t, k, h):
    moments(s, g)
    s["m"] = h.beta1 * s["m"] + (1 - h.beta1) * g
    s["v"] = h.beta2 * s["v"] + (1 - h.beta2) * g * g
    root = np.sqrt(1 - h.beta2**t)
    rate = h.rate * root / (1 - h.beta1**t)
    return W - rate * s["m"] / (np.sqrt(s["v"]) + h.epsilon * root)


def running_products(W, g, s, t, k, h):
    moments(s, g)
    s["b1"], s["b2"] = s.get("b1", 1.0) * h.beta1, s.get("b2", 1.0) * h.beta2
    s["m"] = h.beta1 * s["m"] + (1 - h.beta1) * g
    s["v"] = h.beta2 * s["v"] + (1 - h.beta2) * g * g
    m_hat, v_hat = s["m"] / (1 - s["b1"]), s["v"] / (1 - s["b2"])
    return W - h.rate * m_hat / (np.sqrt(v_hat) + h.epsilon)


def reciprocals(W, g, s, t, k, h):
    moments(s, g)
    s["m"] = h.beta1 * s["m"] + (1 - h.beta1) * g
    s["v"] = h.beta2 * s["v"] + (1 - h.beta2) * g * g
    i1, i2 = 1 / (1 - h.beta1**t), 1 / (1 - h.beta2**t)
    return W - (h.rate * (s["m"] * i1)) * (1 / (np.sqrt(s["v"] * i2) + h.epsilon))


def torch_order(W, g, s, t, k, h):
    moments(s, g)
    s["m"] = s["m"] + (g - s["m"]) * (1 - h.beta1)
    s["v"] = s["v"] * h.beta2 + g * g * (1 - h.beta2)
    denominator = np.sqrt(s["v"]) / (1 - h.beta2**t) ** 0.5 + h.epsilon
    return W - (h.rate / (1 - h.beta1**t)) * (s["m"] / denominator)


def own_type_scalars(W, g, s, t, k, h):
    moments(s, g)
    T = W.dtype.type
    b1, b2, eps, rate, one = T(h.beta1), T(h.beta2), T(h.epsilon), T(h.rate), T(1)
    s["p1"], s["p2"] = T(s.get("p1", one) * b1), T(s.get("p2", one) * b2)
    s["m"] = (b1 * s["m"] + (one - b1) * g).astype(T)
    s["v"] = (b2 * s["v"] + (one - b2) * (g * g)).astype(T)
    m_hat, v_hat = s["m"] / (one - s["p1"]), s["v"] / (one - s["p2"])
    return W - rate * m_hat / (np.sqrt(v_hat) + eps)


def wide_scalars(W, g, s, t, k, h):
    moments(s, g)
    f = np.float64
    s["m"] = (f(h.beta1) * s["m"] + (1 - f(h.beta1)) * g).astype(W.dtype)
    s["v"] = (f(h.beta2) * s["v"] + (1 - f(h.beta2)) * g * g).astype(W.dtype)
    step = (s["m"] / (1 - f(h.beta1) ** t)) / (
        np.sqrt(s["v"] / (1 - f(h.beta2) ** t)) + f(h.epsilon)
    )
    return W - f(h.rate) * step


def fused(W, g, s, t, k, h):
    """Each multiply-add rounded once, by way of a wider type."""
    moments(s, g)
    T, wide = W.dtype, np.longdouble
    a = lambda x: np.asarray(x).astype(wide)
    s["m"] = (a(h.beta1) * a(s["m"]) + a(((1 - h.beta1) * g).astype(T))).astype(T)
    s["v"] = (a(h.beta2) * a(s["v"]) + a(((1 - h.beta2) * (g * g)).astype(T))).astype(T)
    m_hat = (a(s["m"]) / (1 - a(h.beta1) ** t)).astype(T)
    v_hat = (a(s["v"]) / (1 - a(h.beta2) ** t)).astype(T)
    step = (a(m_hat) / (np.sqrt(a(v_hat)) + a(h.epsilon))).astype(T)
    return a(W) - a(h.rate) * a(step)


def narrow_then_wide(W, g, s, t, k, h):
    """State in float32 whatever the type, as libraries do for half precision."""
    wide = np.promote_types(np.float32, W.dtype) if W.dtype != ml_dtypes.bfloat16 else np.float32
    g = g.astype(wide)
    moments(s, g)
    s["m"] = h.beta1 * s["m"] + (1 - h.beta1) * g
    s["v"] = h.beta2 * s["v"] + (1 - h.beta2) * np.square(g)
    m_hat, v_hat = s["m"] / (1 - h.beta1**t), s["v"] / (1 - h.beta2**t)
    return W.astype(wide) - h.rate * m_hat / (np.sqrt(v_hat) + h.epsilon)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "kernel",
    [right, lerp, folded_rate, running_products, reciprocals, torch_order, own_type_scalars,
     wide_scalars, fused, narrow_then_wide],
)  # fmt: skip
def test_right_orders_of_operation_pass(kernel, kind):
    found = [
        r
        for r in results(adapter(adam=update_rule(kernel)), "adam", kind)
        # The type's own epsilon or beta2 is 0 or 1 there: those cases exist to catch it.
        if not (r.case.id.endswith(("usual-epsilon", "in-bfloat16")))
    ]
    assert not failures(found)
    assert len(found) >= 15


def test_flat_buffer_passes():
    def flat(params, grads, **hyper):
        shapes = [W.shape for W in params]
        ends = np.cumsum([W.size for W in params])
        joined = np.concatenate([W.ravel() for W in params])
        steps = [[np.concatenate([g.ravel() for g in gradient])] for gradient in grads]
        after = update_rule(right)([joined], steps, **hyper)
        return [
            [part.reshape(s) for part, s in zip(np.split(W, ends[:-1]), shapes)] for (W,) in after
        ]

    assert not failures(results(adapter(adam=flat), "adam", "float64", "float32"))


def kernel(line_m=None, line_v=None, hats=None, step=None, count=lambda t, k: t):
    """A wrong Adam: some of its four lines replaced."""
    line_m = line_m or (lambda m, g, h, t: h.beta1 * m + (1 - h.beta1) * g)
    line_v = line_v or (lambda v, g, h, t: h.beta2 * v + (1 - h.beta2) * g * g)
    hats = hats or (lambda m, v, h, t: (m / (1 - h.beta1**t), v / (1 - h.beta2**t)))
    step = step or (lambda m, v, h, t, s: m / (np.sqrt(v) + h.epsilon))

    def one(W, g, s, t, k, h):
        moments(s, g)
        t = count(t, k)
        s["before"] = s["m"]
        s["m"], s["v"] = line_m(s["m"], g, h, t), line_v(s["v"], g, h, t)
        m_hat, v_hat = hats(s["m"], s["v"], h, t)
        return W - h.rate * step(m_hat, v_hat, h, t, s)

    return one


WRONG = {
    "betas-swapped": kernel(
        lambda m, g, h, t: h.beta2 * m + (1 - h.beta2) * g,
        lambda v, g, h, t: h.beta1 * v + (1 - h.beta1) * g * g,
        lambda m, v, h, t: (m / (1 - h.beta2**t), v / (1 - h.beta1**t)),
    ),
    "no-correction-of-m": kernel(hats=lambda m, v, h, t: (m, v / (1 - h.beta2**t))),
    "no-correction-of-v": kernel(hats=lambda m, v, h, t: (m / (1 - h.beta1**t), v)),
    "no-bias-correction": kernel(hats=lambda m, v, h, t: (m, v)),
    "t-from-0": kernel(count=lambda t, k: t - 1),
    "t-from-2": kernel(count=lambda t, k: t + 1),
    "eps-hat": kernel(
        step=lambda m, v, h, t, s: m / (np.sqrt(v) + h.epsilon / np.sqrt(1 - h.beta2**t))
    ),
    "epsilon-in-root": kernel(step=lambda m, v, h, t, s: m / np.sqrt(v + h.epsilon)),
    "epsilon-ignored": kernel(step=lambda m, v, h, t, s: m / np.sqrt(v)),
    "epsilon-fixed-1e-8": kernel(step=lambda m, v, h, t, s: m / (np.sqrt(v) + 1e-8)),
    "epsilon=1e-05": kernel(step=lambda m, v, h, t, s: m / (np.sqrt(v) + 1e-5)),
    "beta1=0.9": kernel(lambda m, g, h, t: 0.9 * m + 0.1 * g,
                        hats=lambda m, v, h, t: (m / (1 - 0.9**t), v / (1 - h.beta2**t))),
    "v-from-abs-g": kernel(line_v=lambda v, g, h, t: h.beta2 * v + (1 - h.beta2) * abs(g)),
    "m-previous": kernel(step=lambda m, v, h, t, s: s["before"] / (1 - h.beta1**t)
                         / (np.sqrt(v) + h.epsilon)),
}  # fmt: skip


@pytest.mark.parametrize("fault", WRONG)
def test_wrong_formulas_are_rejected_and_named(fault):
    implementation = adapter(adam=update_rule(WRONG[fault]))
    assert named(implementation, "adam") == fault
    if "=" not in fault:
        sure = {kind for kind, margin in margins("adam", fault).items() if margin > 2}
        assert {"float64", "float32", "float16"} <= sure
        assert sure <= rejected_in(implementation, "adam")


def test_step_count_kept_per_tensor_is_named():
    def run(params, grads, *, learning_rate, **hyper):
        return update_rule(
            kernel(count=lambda t, k: (t - 1) * len(params) + k + 1)
        )(params, grads, learning_rate=learning_rate, **hyper)  # fmt: skip

    assert named(adapter(adam=run), "adam") == "t-per-tensor"


@pytest.mark.slow
def test_two_faults_together_are_named():
    both = kernel(
        line_v=lambda v, g, h, t: h.beta2 * v + (1 - h.beta2) * abs(g),
        hats=lambda m, v, h, t: (m, v / (1 - h.beta2**t)),
    )
    parts = named(adapter(adam=update_rule(both)), "adam").split("+")
    assert sorted(parts) == ["no-correction-of-m", "v-from-abs-g"]


@pytest.mark.parametrize("case", ["changing-rate", "usual-values", "tiny-gradients"])
def test_independent_derivation_agrees_to_30_digits(case):
    def derive(W, gradients, rates, h, sqrt):
        m = v = Fraction(0)
        b1, b2 = Fraction(h["beta1"]), Fraction(h["beta2"])
        for t, (g, rate) in enumerate(zip(map(Fraction, gradients), rates), 1):
            m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
            root = sqrt(v / (1 - b2**t))
            W = W - mpmath.mpf(rate) * sqrt(1) * mpmath.mpf(
                (m / (1 - b1**t)).numerator
            ) / (m / (1 - b1**t)).denominator / (root + mpmath.mpf(h["epsilon"]))  # fmt: skip
            yield W

    agrees("optimizers/adam", case, derive)


def test_first_step_is_nearly_the_learning_rate():
    W = np.array([1.0, -2.0])
    after, state = adam.step(W, np.array([0.3, -1e-3]), adam.init(W), learning_rate=0.01)
    np.testing.assert_allclose(np.abs(after - W), 0.01, rtol=2e-5)
    assert state.t == 1
