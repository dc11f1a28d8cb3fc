"""Training a perceptron."""

from trainspec.networks.perceptron import perceptron
from trainspec.optimizers import momentum as momentum_
from trainspec.optimizers import sgd


def perceptron_training(x, wanted, W, b, *, update_rule="sgd", learning_rate=0.01, momentum=0.9):
    rule, own = (sgd, {}) if update_rule == "sgd" else (momentum_, {"momentum": momentum})
    parameters = {"W": W, "b": b}
    states = {name: rule.init(value) for name, value in parameters.items()}
    after = {"loss": [], "W": [], "b": []}
    for now in x:
        passed = perceptron(now, wanted, **parameters)
        for name, value in parameters.items():
            parameters[name], states[name] = rule.step(
                value, passed[f"d{name}"], states[name], learning_rate=learning_rate, **own
            )
        for name, value in {"loss": passed["loss"], **parameters}.items():
            after[name].append(value)
    return after
