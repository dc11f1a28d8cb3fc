"""A rule's line as a formula: `line, symbols -> LaTeX`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

from trainspec.conformance.pages.rule import Line

#: How tightly operators bind; what binds less tightly than its surroundings gets brackets.
SUM, PRODUCT, NEGATION, POWER, ATOM = range(5)
_OPERATORS: Mapping[type[ast.operator], tuple[int, str]] = {
    ast.Add: (SUM, " + "),
    ast.Sub: (SUM, " - "),
    ast.Mult: (PRODUCT, r" \, "),
    ast.FloorDiv: (PRODUCT, r" \operatorname{div} "),
    ast.Mod: (PRODUCT, r" \bmod "),
}
_RELATIONS: Mapping[type[ast.cmpop], str] = {
    ast.Gt: ">",
    ast.GtE: r"\ge",
    ast.Lt: "<",
    ast.LtE: r"\le",
    ast.Eq: "=",
    ast.NotEq: r"\ne",
}
_NAMED = {"exp": r"\exp", "log": r"\log", "tanh": r"\tanh", "maximum": r"\max", "minimum": r"\min"}
_ENCLOSED = {
    "sqrt": r"\sqrt{{{0}}}",
    "abs": r"\lvert {0} \rvert",
    "floor": r"\lfloor {0} \rfloor",
    "ceil": r"\lceil {0} \rceil",
}
#: Names that stand for a symbol with a mark, whatever the page.
_MARKS = {"hat": r"\hat", "bar": r"\bar"}
_GREEK = frozenset(
    ["alpha", "beta", "gamma", "delta", "epsilon", "eta", "rho", "mu", "sigma", "theta", "lambda"]
)


def write_line(line: Line, symbols: Mapping[str, str]) -> str:
    """A line as LaTeX; `symbols` holds the symbols of names, and an arrow changes a name."""
    target = _write_name(line.name, symbols)
    sign = r"\leftarrow" if line.name in line.reads else "="
    return f"{target} {sign} {_Writer(symbols).write(line.expression)}"


class _Writer:
    """Writes expressions with the symbols of one page."""

    def __init__(self, symbols: Mapping[str, str]) -> None:
        self.symbols = symbols
        self._calls: Mapping[str, Callable[[list[ast.expr]], str]] = {
            "dot": self._dot,
            "transpose": lambda a: self.write(a[0], POWER) + r"^{\top}",
            "sum": self._sum,
            "where": self._cases,
        }

    def write(self, node: ast.expr, around: int = SUM) -> str:
        """An expression; in brackets where it binds less tightly than `around`."""
        level, text = self._write(node)
        return rf"\left({text}\right)" if level < around else text

    def _write(self, node: ast.expr) -> tuple[int, str]:
        if isinstance(node, ast.Name):
            return ATOM, _write_name(node.id, self.symbols)
        if isinstance(node, ast.Constant):
            return ATOM, _write_constant(node.value)
        if isinstance(node, ast.BinOp):
            return self._binary(node)
        if isinstance(node, ast.UnaryOp):
            return NEGATION, "-" + self.write(node.operand, PRODUCT)
        if isinstance(node, ast.Compare):
            relation = _RELATIONS[type(node.ops[0])]
            return SUM, f"{self.write(node.left)} {relation} {self.write(node.comparators[0])}"
        if isinstance(node, ast.IfExp):
            return ATOM, self._cases([node.test, node.body, node.orelse])
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return self._call(node.func.id, node.args)
        return ATOM, _write_code(ast.unparse(node))

    def _binary(self, node: ast.BinOp) -> tuple[int, str]:
        if isinstance(node.op, ast.Div):
            return ATOM, rf"\frac{{{self.write(node.left)}}}{{{self.write(node.right)}}}"
        if isinstance(node.op, ast.Pow):
            return POWER, f"{self.write(node.left, ATOM)}^{{{self.write(node.right)}}}"
        level, sign = _OPERATORS[type(node.op)]
        # What is taken away, or divides, needs brackets where it is a sum or a product itself.
        tighter = level if isinstance(node.op, (ast.Add, ast.Mult)) else level + 1
        return level, self.write(node.left, level) + sign + self.write(node.right, tighter)

    def _call(self, name: str, arguments: list[ast.expr]) -> tuple[int, str]:
        if name in self._calls:
            return PRODUCT, self._calls[name](arguments)
        if name in _ENCLOSED and len(arguments) == 1:
            return ATOM, _ENCLOSED[name].format(self.write(arguments[0]))
        called = _NAMED.get(name) or rf"\operatorname{{{_escape(name)}}}"
        inside = ", ".join(self.write(a) for a in arguments)
        return ATOM, rf"{called}\left({inside}\right)"

    def _dot(self, arguments: list[ast.expr]) -> str:
        return r" \cdot ".join(self.write(a, PRODUCT) for a in arguments)

    def _sum(self, arguments: list[ast.expr]) -> str:
        summed = self.write(arguments[0], PRODUCT)
        axis = f"_{{{self.write(arguments[1])}}}" if len(arguments) > 1 else ""
        return rf"\sum{axis} {summed}"

    def _cases(self, arguments: list[ast.expr]) -> str:
        test, yes, no = map(self.write, arguments)
        lines = rf"{yes} & \text{{if }} {test} \\ {no} & \text{{otherwise}}"
        return rf"\begin{{cases}} {lines} \end{{cases}}"


def _write_name(name: str, symbols: Mapping[str, str]) -> str:
    """The symbol of a name: the page's own, else what its parts suggest."""
    if name in symbols:
        return symbols[name]
    stem, _, mark = name.rpartition("_")
    if stem and mark in _MARKS:
        return rf"{_MARKS[mark]}{{{_write_name(stem, symbols)}}}"
    if name in _GREEK:
        return rf"\{name}"
    return name if len(name) == 1 else rf"\mathrm{{{_escape(name)}}}"


def _write_constant(value: object) -> str:
    return rf"\text{{{value}}}" if isinstance(value, str) else repr(value)


def _write_code(text: str) -> str:
    return rf"\mathtt{{{_escape(text)}}}"


def _escape(text: str) -> str:
    return text.replace("_", r"\_")
