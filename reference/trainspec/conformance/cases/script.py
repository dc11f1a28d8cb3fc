"""What a stepwise case asks for: the steps of one run or of several, in their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field
from msgspec.structs import asdict, replace

from trainspec.conformance.basics.paths import technique_of
from trainspec.conformance.pages.load import load_page

START, STEP, SAVE, RESTORE = "start", "step", "save", "restore"


class Action(Struct, frozen=True):
    """One request of a script to the run that it names.

    `step` is the number of the step whose inputs are given, from 1; `scale` multiplies them.
    `source` is the run whose saved state is restored; the run that is started for it begins with
    what that run had when it was saved.
    """

    verb: str
    run: str
    step: int = 0
    scale: float = 1.0
    source: str = ""


class Script(Struct, frozen=True):
    """Actions, and which inputs and hyperparameters hold one entry for every step.

    `carried` is the input that every step returns anew, such as ``params``; `outputs` are the
    names of what a step returns. `more` holds hyperparameters that are passed at the start only.
    """

    actions: tuple[Action, ...]
    outputs: tuple[str, ...]
    inputs: tuple[str, ...]
    numbers: tuple[str, ...] = ()
    carried: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)

    def pack(self) -> dict[str, Any]:
        """The script as plain values, for another process."""
        return asdict(self)

    @classmethod
    def unpack(cls, packed: Mapping[str, Any]) -> Script:
        """Read a packed script back."""
        actions = tuple(Action(**action) for action in packed["actions"])
        names = {key: tuple(packed[key]) for key in ("outputs", "inputs", "numbers")}
        return cls(actions, **names, carried=packed["carried"], more=packed["more"])


def play_once(steps: int, run: str = "a") -> list[Action]:
    """The actions of a single run of `steps` steps."""
    return [Action(START, run), *(Action(STEP, run, t) for t in range(1, steps + 1))]


def script_of_run(operation: str, inputs: Mapping[str, Any]) -> Script:
    """The script of a whole run of an operation: every step once."""
    script = make_script(technique_of(operation), inputs, ())
    return replace(script, actions=tuple(play_once(len(inputs[script.inputs[0]]))))


def make_script(
    technique: str, inputs: Mapping[str, Any], actions: Sequence[Action], **more: Any
) -> Script:
    """The script of a case with these inputs; `more` is passed at the start of every run."""
    page = load_page(technique)
    if page.is_update_rule:
        carried, names, numbers = "params", ("grads",), ("learning_rate",)
        return Script(tuple(actions), (carried,), names, numbers, carried, more)
    series = tuple(name for name, value in inputs.items() if isinstance(value, list))
    return Script(tuple(actions), tuple(page.outputs), series, more=more)
