"""The rule language: what the `## Rule` block of a spec page may say, and what it means.

A rule is straight-line code with one assignment a line. It may open with ``if t == 1:``, which
holds the initial values of the state, and may hold lines for every layer of a network, under
``for layer in up:`` and ``for layer in down:``. Variants and named errors are *edits* of a rule:
each line of an edit replaces the line that assigns the same name. See spec/numerics.md.
"""

from __future__ import annotations

import ast
import copy
import itertools
import warnings
from collections.abc import Iterable, Mapping
from functools import cache, cached_property
from types import CodeType
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from trainspec.conformance.basics.errors import UserError

#: Functions of the rule language; each kind of number has its own (`arithmetic/`).
FUNCTIONS = frozenset(
    [
        *("sqrt", "exp", "log", "tanh", "erf", "abs", "sign", "floor", "ceil"),
        *(
            "maximum",
            "minimum",
            "where",
            "lerp",
            "sum",
            "max",
            "dot",
            "solve",
            "cholesky",
            "product",
        ),
        *("count", "arange", "floor_int", "floor_of_product", "take"),
        *("transpose", "diagonal", "column", "columns", "reshape_like"),
    ]
)

#: The loops over layers: from the first to the last, and back.
UP, DOWN = "up", "down"

_ALLOWED = (
    ast.Expression, ast.BinOp, ast.UnaryOp, ast.Compare, ast.Call, ast.Name, ast.Constant,
    ast.keyword, ast.Load, ast.Store, ast.operator, ast.unaryop, ast.cmpop, ast.Subscript,
    ast.Slice, ast.Tuple, ast.List, ast.ListComp, ast.comprehension, ast.IfExp,
)  # fmt: skip


class RuleError(UserError):
    """A rule block that is not in the rule language; says the line and what is allowed."""


class Line(Struct, frozen=True, dict=True):
    """One assignment of a rule: the name it gives a value to, and the expression.

    `block` is ``up`` or ``down`` for a line that is run for every layer.
    """

    name: str
    expression: ast.expr
    block: str = ""

    def __str__(self) -> str:
        return f"{self.name} = {ast.unparse(self.expression)}"

    def in_block(self, block: str) -> Line:
        """The line as one of a block: itself where it is, so that it is compiled once."""
        return self if self.block == block else replace(self, block=block)

    @cached_property
    def code(self) -> CodeType:
        """The assignment, compiled. Edited rules share the lines that they leave alone."""
        expression = _Comparisons().visit(copy.deepcopy(self.expression))
        assignment = ast.Assign([ast.Name(self.name, ast.Store())], expression)
        module = ast.fix_missing_locations(ast.Module([assignment], []))
        with warnings.catch_warnings():
            # Of a line that is not to be made sense of, Python warns; it is not the user's.
            warnings.simplefilter("ignore", SyntaxWarning)
            return compile(module, "<rule>", "exec")

    @cached_property
    def reads(self) -> frozenset[str]:
        """Names the expression uses, functions of the language left out."""
        bound = {
            n.id
            for c in ast.walk(self.expression)
            if isinstance(c, ast.comprehension)
            for n in ast.walk(c.target)
            if isinstance(n, ast.Name)
        }
        used = {n.id for n in ast.walk(self.expression) if isinstance(n, ast.Name)}
        return frozenset(used - FUNCTIONS - bound)


class Rule(Struct, frozen=True, dict=True, eq=False):
    """A parsed rule block: `start` holds the state's first values, `body` the lines of a step.

    `edits` are the names of the edits that it was made with; rules with the same lines are equal.
    """

    start: tuple[Line, ...] = ()
    body: tuple[Line, ...] = ()
    edits: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Rule):
            return NotImplemented
        return (self.start, self.body) == (other.start, other.body)

    def __hash__(self) -> int:
        return hash((self.start, self.body))

    def __str__(self) -> str:
        head = ["if t == 1:", *(f"    {line}" for line in self.start)] if self.start else []
        lines = []
        for block, own in self.blocks:
            lines += [f"for layer in {block}:"] if block else []
            lines += [f"    {line}" if block else str(line) for line in own]
        return "\n".join([*head, *lines])

    @cached_property
    def blocks(self) -> tuple[tuple[str, tuple[Line, ...]], ...]:
        """The lines of the body as they are run: those of one block together."""
        grouped = itertools.groupby(self.body, key=lambda line: line.block)
        return tuple((block, tuple(lines)) for block, lines in grouped)

    @property
    def state(self) -> tuple[str, ...]:
        """Names that a step hands to the next one."""
        return tuple(dict.fromkeys(line.name for line in self.start))

    @property
    def assigns(self) -> frozenset[str]:
        """Names that the body gives a value to."""
        return frozenset(line.name for line in self.body)

    @cached_property
    def free(self) -> frozenset[str]:
        """Names that must come from outside: inputs and hyperparameters."""
        known, free = set(self.state), set[str]()
        for line in self.start:
            free |= line.reads - known
        for line in self.body:
            free |= line.reads - known
            known.add(line.name)
        return frozenset(free)

    @cached_property
    def used_lines(self) -> frozenset[str]:
        """The names of the body that another line reads."""
        return frozenset(name for line in self.body for name in line.reads) & self.assigns

    @cached_property
    def code(self) -> tuple[tuple[CodeType, ...], tuple[CodeType, ...]]:
        """The lines of the start and of the body, compiled."""
        return tuple(line.code for line in self.start), tuple(line.code for line in self.body)

    def with_edit(self, edit: Rule, name: str = "") -> Rule:
        """The rule with the lines of `edit` in place of its own.

        A line that assigns a name of the body replaces that line (together with the lines of
        new names that stand before it in the edit); one that assigns an input goes first; lines
        of new names with nothing after them go last. Lines under ``if t == 1:`` do the same
        among the starting values.
        """
        start = {line.name: line for line in self.start}
        start.update({line.name: line for line in edit.start})
        first: list[Line] = []
        last: list[Line] = []
        instead: dict[str, list[Line]] = {}
        for line in edit.body:
            last.append(line)
            if line.name in self.assigns:
                instead.setdefault(line.name, []).extend(last)
                last = []
            elif line.name in self.free:
                first += last
                last = []
        body = list(first)
        for line in self.body:
            body += [new.in_block(line.block) for new in instead.pop(line.name, [line])]
        return Rule(tuple(start.values()), (*body, *last), (*self.edits, name))

    def changed_names(self, edit: Rule) -> frozenset[str]:
        """Names of this rule that `edit` changes; two edits compose if these do not meet."""
        return frozenset(line.name for line in edit.body) & (self.assigns | self.free) | frozenset(
            f"start {line.name}" for line in edit.start
        )


@cache
def parse_rule(source: str, where: str = "a rule") -> Rule:
    """Read a rule block.

    Raises `RuleError` for anything that is not in the rule language.
    """
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise RuleError(f"{where}: line {error.lineno} is not Python: {error.msg}") from None
    start: list[Line] = []
    body: list[Line] = []
    for number, statement in enumerate(tree.body):
        if isinstance(statement, ast.If):
            if number or ast.unparse(statement.test) != "t == 1" or statement.orelse:
                raise RuleError(f"{where}: the only `if` allowed is `if t == 1:` as its first line")
            start += [_read_line(inner, where) for inner in statement.body]
        elif isinstance(statement, ast.For):
            block = _read_block(statement, where)
            body += [replace(_read_line(inner, where), block=block) for inner in statement.body]
        else:
            body.append(_read_line(statement, where))
    return Rule(tuple(start), tuple(body))


def find_compositions(
    rule: Rule, edits: Mapping[str, Rule], size: int
) -> Iterable[tuple[str, ...]]:
    """Every set of `size` edits of which no two touch the same line."""
    touched = {name: rule.changed_names(edit) for name, edit in edits.items()}

    def grow(chosen: tuple[str, ...], rest: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
        if len(chosen) == size:
            yield chosen
            return
        for index, name in enumerate(rest):
            if all(touched[name].isdisjoint(touched[other]) for other in chosen):
                yield from grow((*chosen, name), rest[index + 1 :])

    return grow((), tuple(edits))


def apply_edits(rule: Rule, edits: Mapping[str, Rule], names: Iterable[str]) -> Rule:
    """The rule with the named edits applied one after the other."""
    for name in names:
        rule = rule.with_edit(edits[name], name)
    return rule


def execute_lines(lines: tuple[CodeType, ...], names: dict[str, Any]) -> None:
    """Run compiled lines over `names`, with nothing else in reach."""
    names["__builtins__"] = {}
    for line in lines:
        exec(line, names)


def _read_block(statement: ast.For, where: str) -> str:
    """Which way a loop over layers goes."""
    head = f"for {ast.unparse(statement.target)} in {ast.unparse(statement.iter)}:"
    for block in (UP, DOWN):
        if head == f"for layer in {block}:" and not statement.orelse:
            return block
    raise RuleError(
        f"{where}: `{head}` is not one of the loops allowed, `for layer in {UP}:` and "
        f"`for layer in {DOWN}:`"
    )


def _read_line(statement: ast.stmt, where: str) -> Line:
    if (
        not isinstance(statement, ast.Assign)
        or len(statement.targets) != 1
        or not isinstance(statement.targets[0], ast.Name)
    ):
        raise RuleError(f"{where}: `{ast.unparse(statement)}` is not an assignment to one name")
    for node in ast.walk(statement.value):
        if not isinstance(node, _ALLOWED):
            raise RuleError(f"{where}: `{ast.unparse(statement)}` uses {type(node).__name__}")
        if isinstance(node, ast.Compare) and len(node.ops) > 1:
            raise RuleError(f"{where}: `{ast.unparse(node)}` compares more than two values")
        if isinstance(node, ast.Call) and (
            not isinstance(node.func, ast.Name) or node.func.id not in FUNCTIONS
        ):
            raise RuleError(
                f"{where}: `{ast.unparse(node.func)}` is not one of {', '.join(sorted(FUNCTIONS))}"
            )
    return Line(statement.targets[0].id, statement.value)


class _Comparisons(ast.NodeTransformer):
    """Turns ``a > b`` into ``greater(a, b)``: a comparison of intervals can be undecided."""

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.comparators[0], ast.Constant) and isinstance(
            node.comparators[0].value, str
        ):
            return node  # words are equal or not
        name = _COMPARISONS[type(node.ops[0])]
        return ast.Call(ast.Name(name, ast.Load()), [node.left, node.comparators[0]], [])


_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Gt: "greater",
    ast.GtE: "greater_equal",
    ast.Lt: "less",
    ast.LtE: "less_equal",
    ast.Eq: "equal",
}
