"""A sixth update rule costs a page, a reference file and a test file: CONTRIBUTING's example."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from helpers import ROOT

PAGE = """# AdaMax

## At a glance

| property | value |
|---|---|
| kind | update rule |
| rejects | ADAMAX-2 |

## Parameters

| symbol | name | default | domain | meaning |
|---|---|---|---|---|
| $\\eta$ | `learning_rate` | 0.002 | [0, inf) | step size |
| $\\beta_1$ | `beta1` | 0.9 | [0, 1) | decay of the first moment |
| $\\beta_2$ | `beta2` | 0.999 | [0, 1) | decay of the norm |
| $\\varepsilon$ | `epsilon` | 1e-8 | [0, inf) | keeps the denominator from zero |

## Rule

```python
if t == 1:
    m = 0
    u = 0
m = beta1 * m + (1 - beta1) * g
u = maximum(beta2 * u, abs(g))
step = m / (1 - beta1**t) / (u + epsilon)
W = W - learning_rate * step
```

## Clauses

- **ADAMAX-1** An implementation MUST take the larger of the decayed norm and the gradient's size.
- **ADAMAX-2** A hyperparameter outside its domain SHOULD be rejected with an error that names it.

## Variants

| variant | departs from |
|---|---|
| epsilon-in-maximum | ADAMAX-1 |

### epsilon-in-maximum

PyTorch's. [pytorch](https://github.com/pytorch/pytorch/blob/main/torch/optim/adamax.py)

```python
u = maximum(beta2 * u, abs(g) + epsilon)
step = m / (1 - beta1**t) / u
```

## Errors

| error | change | what it does | breaks |
|---|---|---|---|
| not-corrected | `step = m / (u + epsilon)` | no bias correction | ADAMAX-1 |

## Cases

### changing-rate

The usual.

```yaml
level: core
clauses: [ADAMAX-1]
shapes: [[2], []]
steps: 4
learning_rate: [0.5, 0.25, 1.0, 0.5]
beta1: 0.5
beta2: 0.75
epsilon: 0.25
```

## Worked example

```yaml
W: 1.0
g: [1.0]
learning_rate: 0.5
beta1: 0.5
beta2: 0.5
epsilon: 1.0
```

| t | W |
|---|---|
| 1 | 0.75 |
"""

REFERENCE = '''"""AdaMax."""

from dataclasses import dataclass

import numpy as np

from trainspec.arguments import Array, like, wide


@dataclass(frozen=True)
class AdaMaxState:
    t: int
    m: Array
    u: Array


def init(W):
    return AdaMaxState(0, np.zeros_like(W), np.zeros_like(W))


def step(W, g, state, *, learning_rate=0.002, beta1=0.9, beta2=0.999, epsilon=1e-8):
    t, g_ = state.t + 1, wide(g)
    m = beta1 * wide(state.m) + (1 - beta1) * g_
    u = np.maximum(beta2 * wide(state.u), np.abs(g_))
    W_ = wide(W) - learning_rate * m / (1 - beta1**t) / (u + epsilon)
    return like(W, W_), AdaMaxState(t, like(W, m), like(W, u))
'''


@pytest.fixture
def copy(tmp_path):
    """A copy of the three trees, and a way to run its command line."""
    for name in ("spec", "reference", "golden"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))

    def trainspec(*arguments):
        environment = {**os.environ, "PYTHONPATH": str(tmp_path / "reference")}
        command = [sys.executable, "-m", "trainspec.conformance.cli", *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, env=environment, cwd=tmp_path, check=False
        )

    return tmp_path, trainspec


def test_two_files_make_a_technique(copy):
    root, trainspec = copy
    (root / "spec" / "optimizers" / "adamax.md").write_text(PAGE)
    (root / "reference" / "trainspec" / "optimizers" / "adamax.py").write_text(REFERENCE)
    written = trainspec("certify", "--write", "adamax")
    assert (written.returncode, written.stderr) == (0, "")
    assert (root / "golden" / "optimizers" / "adamax.json").is_file()
    assert "adamax/changing-rate" in (root / "golden" / "ids.txt").read_text()
    assert trainspec("certify", "adamax").returncode == 0
    checked = trainspec("check", "-t", "adamax")
    assert "trainspec reference conforms: 4 pass" in checked.stdout
    wrong = trainspec("check", "-t", "adamax", "--variant", "adamax=epsilon-in-maximum")
    assert wrong.returncode == 1
    assert "this is the canonical form" in wrong.stdout
    assert "adamax" in trainspec("list").stdout
