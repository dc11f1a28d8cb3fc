"""PyTorch: what its operations' cases do not show."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest

from frameworks.shared import FAN_IN, FAN_OUT, GLOROT, HE, deviates, judge_by_name
from trainspec.conformance.basics.paths import list_techniques
from trainspec.conformance.traces.explain import explain_trace
from trainspec.conformance.traces.read import read_trace
from trainspec.trace import Recorder

torch = pytest.importorskip("torch")
functional, init = torch.nn.functional, torch.nn.init


def slope(function, x):
    t = torch.tensor(x, requires_grad=True)
    function(t).backward()
    return t.grad.item()


def test_initialisers():
    torch.manual_seed(0)
    W = torch.empty(FAN_OUT, FAN_IN)
    assert deviates(init.xavier_normal_(W), GLOROT)
    assert deviates(init.xavier_uniform_(W), GLOROT, math.sqrt(3) * GLOROT)
    assert deviates(init.kaiming_normal_(W), HE)
    assert deviates(init.kaiming_uniform_(W), HE, math.sqrt(3) * HE)


def test_the_layer_s_own_weights_are_not_he():
    """`Linear` draws with a=√5: uniform within 1/√n, a deviation of 0.58/√n."""
    torch.manual_seed(0)
    weights = torch.nn.Linear(FAN_IN, FAN_OUT).weight.detach()
    assert deviates(weights, 1 / math.sqrt(3 * FAN_IN), 1 / math.sqrt(FAN_IN))


def test_truncation_is_not_corrected():
    torch.manual_seed(0)
    assert deviates(init.trunc_normal_(torch.empty(FAN_OUT, FAN_IN)), 0.8796, 2.0)


def test_fans():
    fans = init._calculate_fan_in_and_fan_out
    assert fans(torch.nn.Conv2d(8, 16, 3, groups=4).weight) == (18, 144)
    assert fans(torch.nn.ConvTranspose2d(8, 16, 3).weight) == (144, 72)


def test_dropout_at_one_keeps_what_is_not_finite():
    x = torch.tensor([1.0, math.inf, math.nan])
    y = functional.dropout(x, 1.0)
    assert y[0] == 0
    assert y[1:].isnan().all()


def test_slopes_at_zero():
    zero = torch.tensor(0.0)
    assert slope(functional.relu, 0.0) == 0
    assert slope(lambda x: torch.maximum(x, zero), 0.0) == 0.5
    assert slope(lambda x: torch.clamp(x, min=0), 0.0) == 1
    assert slope(torch.abs, 0.0) == 0


def test_a_batch_of_one_is_refused():
    with pytest.raises(ValueError, match="more than 1 value"):
        torch.nn.BatchNorm1d(2)(torch.ones(1, 2))


def test_running_statistics_in_bfloat16_stall():
    layer = torch.nn.BatchNorm1d(1).to(torch.bfloat16)
    for _ in range(2000):
        layer(torch.full((4, 1), 303.5, dtype=torch.bfloat16))
    assert layer.running_mean.item() == 286


def test_no_gradient_is_not_a_gradient_of_zero():
    moved = []
    for second in (None, torch.zeros(1)):
        W = torch.nn.Parameter(torch.ones(1))
        optimizer = torch.optim.SGD([W], 0.1, momentum=0.9)
        W.grad = torch.ones(1)
        optimizer.step()
        W.grad = second
        optimizer.step()
        moved.append(W.item())
    assert np.allclose(moved, [0.9, 0.81])


@pytest.mark.parametrize("kind", ["Adam", "RMSprop", "Adagrad"])
def test_a_zero_gradient_in_float16_gives_nan(kind):
    """The usual epsilon is 0 in float16: 0 / 0. Fused Adam holds it wider."""
    W = torch.nn.Parameter(torch.ones(1, dtype=torch.float16))
    optimizer = getattr(torch.optim, kind)([W])
    W.grad = torch.zeros(1, dtype=torch.float16)
    optimizer.step()
    assert W.isnan().all()


def test_a_zero_gradient_in_float16_leaves_fused_adam_alone():
    W = torch.nn.Parameter(torch.ones(1, dtype=torch.float16))
    optimizer = torch.optim.Adam([W], fused=True)
    W.grad = torch.zeros(1, dtype=torch.float16)
    optimizer.step()
    assert W.item() == 1


def test_what_dropout_keeps_is_scaled_in_training():
    torch.manual_seed(0)
    kept = functional.dropout(torch.ones(100), 0.25).numpy()
    assert np.allclose(np.unique(kept), [0, 4 / 3])


@pytest.mark.parametrize(
    ("kind", "form"),
    [("SGD", "sgd"), ("Adagrad", "adagrad"), ("RMSprop", "rmsprop"), ("Adam", "adam"),
     ("AdamW", "adam:decoupled-decay")],
)  # fmt: skip
def test_an_optimizer_is_checked_by_its_dotted_name(kind, form):
    command = [sys.executable, "-m", "trainspec.conformance.cli", "check", f"torch.optim:{kind}"]
    done = subprocess.run([*command, "-d", "float32"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "conforms" in done.stdout
    assert (form in done.stderr) is (":" in form)


def test_a_recorded_run_is_named(tmp_path):
    torch.manual_seed(0)
    W = torch.nn.Parameter(torch.randn(50))
    optimizer = torch.optim.AdamW([W], lr=1e-3, weight_decay=0.05)
    recorder = Recorder({"W": W}, weight_decay=0.05)
    for _ in range(5):
        W.grad = 0.3 * torch.randn(50) + 0.1
        grads = {"W": W.grad.clone()}
        optimizer.step()
        recorder.step(grads, {"W": W})
    recorder.save(tmp_path / "run.npz")
    found = explain_trace(read_trace(tmp_path / "run.npz"), list_techniques())
    forms = {e.form: e for e in found.explanations}
    assert "adam:decoupled-decay" in forms
    assert forms["adam:decoupled-decay"].rates == "0.001"


@pytest.mark.parametrize(
    ("path", "forms"),
    [
        ("torch.nn:Sigmoid", {"sigmoid": ""}),
        ("torch:tanh", {"tanh": ""}),
        ("torch.nn.functional:relu", {"relu": ""}),
        ("torch.nn:LeakyReLU", {"relu": "leaky"}),
        ("torch.nn:Linear", {"affine": ""}),
        ("torch.nn.functional:linear", {"affine": ""}),
        ("torch.nn:CrossEntropyLoss", {"softmax_cross_entropy": ""}),
        ("torch.nn.functional:cross_entropy", {"softmax_cross_entropy": ""}),
        (
            "torch.nn:BatchNorm1d",
            {"batch_normalization": "", "batch_normalization_running": "running-variance-unbiased"},
        ),
        (
            "torch.nn:BatchNorm2d",
            {"batch_normalization": "", "batch_normalization_running": "running-variance-unbiased"},
        ),
        ("torch.nn.functional:batch_norm", {"batch_normalization": ""}),
        ("torch.nn:Dropout", {"dropout": "inverted"}),
        ("torch.nn.functional:dropout", {"dropout": "inverted"}),
        ("torch.nn.init:kaiming_normal_", {"he": ""}),
        ("torch.nn.init:kaiming_uniform_", {"he": "uniform"}),
        ("torch.nn.init:xavier_normal_", {"xavier": "glorot"}),
        ("torch.nn.init:xavier_uniform_", {"xavier": "glorot-uniform"}),
        ("torch.nn.init:normal_", {"normal": ""}),
        ("torch.nn.init:constant_", {"constant": ""}),
        ("torch.optim.lr_scheduler:ExponentialLR", {"learning_rate_decay": "exponential"}),
    ],
)
def test_what_is_asked_by_its_dotted_name_is_what_the_matrix_says(path, forms):
    found, conforms, report = judge_by_name(path)
    assert found == forms
    assert conforms, report
