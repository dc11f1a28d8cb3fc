"""Update rules as JavaScript: `pages -> a module`, for the figures that can be moved.

The figures run the pages' own rules, in every published form; nothing is written twice, and a new
page has its figure. The tests check the module as they check any implementation.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping, Sequence
from importlib.resources import files

from trainspec.conformance.basics.names import display_form
from trainspec.conformance.effects.experiments.update_paths import RULES, START, STEPS
from trainspec.conformance.pages.load import load_page
from trainspec.conformance.pages.page import Page
from trainspec.conformance.pages.parts import VARIANT_HYPERPARAMETER
from trainspec.conformance.pages.rule import Line, Rule

_OPERATORS: Mapping[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Mod: "%",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Eq: "===",
}
#: Functions of the rule language that a rule for one number may call.
_FUNCTIONS = {
    "sqrt": "Math.sqrt",
    "exp": "Math.exp",
    "log": "Math.log",
    "tanh": "Math.tanh",
    "abs": "Math.abs",
    "sign": "Math.sign",
    "floor": "Math.floor",
    "ceil": "Math.ceil",
    "maximum": "Math.max",
    "minimum": "Math.min",
}


class NotScalarError(Exception):
    """A rule that is not one of single numbers."""


def write_module(techniques: Sequence[str]) -> str:
    """The module: `rules`, by operation and by form, of those techniques that are update rules."""
    pages = [load_page(technique) for technique in techniques]
    written = {page.name: _write_rule(page) for page in pages if page.is_update_rule}
    body = ",\n".join(f"  {json.dumps(name)}: {text}" for name, text in written.items())
    head = files("trainspec.conformance.site").joinpath("static/rules_head.js").read_text("utf-8")
    valley = json.dumps({"start": START, "steps": STEPS})
    return f"{head}\nexport const valley = {valley};\nexport const rules = {{\n{body}\n}};\n"


def _write_rule(page: Page) -> str:
    """One update rule: its title, its hyperparameters and its forms."""
    # The effect `update_paths` has rates at which a path shows something.
    chosen = RULES.get(page.name, {})
    about = {
        "title": page.title,
        "hyperparameters": {
            p.name: {
                "value": float(chosen.get(p.name, p.default)),
                "domain": p.domain,
                "meaning": p.meaning,
            }
            for p in page.parameters.values()
        },
    }
    forms = {}
    for name in ("", *page.variants):
        rule = page.rule_of_form(name)
        try:
            forms[display_form(name)] = _write_form(page, rule)
        except NotScalarError:
            continue  # it needs a whole tensor: a figure of two numbers cannot show it
    listed = ",\n".join(f"      {json.dumps(name)}: {text}" for name, text in forms.items())
    return f"{{\n    ...{json.dumps(about)},\n    forms: {{\n{listed}\n    }}\n  }}"


def _write_form(page: Page, rule: Rule) -> str:
    """A form: its lines as text, the hyperparameters of its own, and one step of one number."""
    own = sorted(page.variant_hyperparameters(rule))
    more = dict.fromkeys(own, VARIANT_HYPERPARAMETER)
    given = sorted((rule.free - {"W", "g", "t"}) | {"learning_rate"})
    if {"tensor", "tensors"} & set(given):
        raise NotScalarError
    names = dict.fromkeys([*rule.state, *(line.name for line in rule.body)])
    # A line may give a hyperparameter another value: all names can be assigned.
    declared = dict.fromkeys([*names, *given])
    local = [n for n in declared if n not in ("W", "g", "t")]
    start = [f"if (t === 1) {{ {_write_lines(rule.start)} }}"] if rule.start else []
    keep = [f"Object.assign($state, {{ {', '.join(rule.state)} }});"] if rule.state else []
    body = "\n".join(
        f"          {text}"
        for text in (
            f"let {{ {', '.join(local)} }} = {{ ...$given, ...$state }};",
            *start,
            *(_write_lines([line]) for line in rule.body),
            *keep,
            "return W;",
        )
    )
    text = json.dumps(str(rule))
    return (
        f"{{ more: {json.dumps(more)}, text: {text},\n"
        f"        step(W, g, $state, $given, t) {{\n{body}\n        }} }}"
    )


def _write_lines(lines: Sequence[Line]) -> str:
    return " ".join(f"{line.name} = {_write(line.expression)};" for line in lines)


def _write(node: ast.expr) -> str:
    """An expression, every operation in brackets of its own."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return repr(node.value)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        if isinstance(node.right, ast.Constant) and node.right.value == 2:
            base = _write(node.left)
            return f"({base} * {base})"
        return f"Math.pow({_write(node.left)}, {_write(node.right)})"
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return f"({_write(node.left)} {_OPERATORS[type(node.op)]} {_write(node.right)})"
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return f"(-{_write(node.operand)})"
    if isinstance(node, ast.Compare):
        sign = _OPERATORS[type(node.ops[0])]
        return f"({_write(node.left)} {sign} {_write(node.comparators[0])})"
    if isinstance(node, ast.IfExp):
        return _choose(node.test, node.body, node.orelse)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return _write_call(node.func.id, node.args)
    raise NotScalarError


def _write_call(name: str, arguments: list[ast.expr]) -> str:
    if name == "where":
        return _choose(*arguments)
    if name == "lerp":
        start, end, part = map(_write, arguments)
        return f"({start} + {part} * ({end} - {start}))"
    if name not in _FUNCTIONS:
        raise NotScalarError
    return f"{_FUNCTIONS[name]}({', '.join(map(_write, arguments))})"


def _choose(test: ast.expr, yes: ast.expr, no: ast.expr) -> str:
    return f"({_write(test)} ? {_write(yes)} : {_write(no)})"
