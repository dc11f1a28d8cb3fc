"""`trainspec compare`: where two implementations agree and differ."""

from __future__ import annotations

import json

from command_line import run

HAT = " / np.sqrt(1 - beta2**t)"


def test_two_forms_are_compared_and_converted(port):
    result = run("compare", port("one"), port("other", hat=HAT), "-t", "adam")
    assert result.exit_code == 1
    assert "eps-hat" in result.output
    assert "step 1, tensor 0, element [0]" in result.output
    assert "do what one does, set `epsilon = epsilon * sqrt(1 - beta2**t)`" in result.output


def test_an_implementation_agrees_with_itself(port):
    path = port()
    result = run("compare", path, path, "-t", "adam", "--json")
    assert result.exit_code == 0
    (entry,) = json.loads(result.output)["operations"]
    assert entry["agree"]
    assert entry["agreeing"] == entry["cases"] > 20


def test_nothing_in_common_is_said(port, tmp_path):
    other = tmp_path / "other.py"
    other.write_text(
        "def sgd(params, grads, *, learning_rate):\n    return [params] * len(grads)\n"
    )
    result = run("compare", port(), other)
    assert result.exit_code == 4
    assert "only port offers it" in result.output


def test_what_draws_its_own_numbers_is_not_compared(tmp_path):
    paths = [tmp_path / "one.py", tmp_path / "other.py"]
    for path in paths:
        path.write_text("def he_draw(*, seed, fan_in, fan_out):\n    return None\n")
    result = run("compare", *paths)
    assert result.exit_code == 4
    assert "one and other have nothing in common that can be compared" in result.output


def test_rates_that_change_are_what_parts_the_velocities(tmp_path):
    text = """
def momentum(params, grads, *, learning_rate, momentum):
    params, v, after = list(params), [0 * W for W in params], []
    for gradient, rate in zip(grads, learning_rate):
        for k, g in enumerate(gradient):
            v[k] = {}
            params[k] = (params[k] + {}).astype(params[k].dtype)
        after.append(list(params))
    return after
"""
    one, other = tmp_path / "inside.py", tmp_path / "outside.py"
    one.write_text(text.format("momentum * v[k] - rate * g", "v[k]"))
    other.write_text(text.format("momentum * v[k] + g", "-rate * v[k]"))
    result = run("compare", one, other, "-t", "momentum")
    assert result.exit_code == 1
    assert "they agree as long as the learning rate does not change" in result.output
    assert "momentum = momentum * learning_rate / rate_before" in result.output
