"""The rule language: edits, free names, and what is refused."""

from __future__ import annotations

import pytest

from trainspec.conformance.pages.rule import RuleError, apply_edits, find_compositions, parse_rule

RULE = parse_rule("""
if t == 1:
    m = 0
m = beta * m + g
step = m / scale
W = W - rate * step
""")


def edited(source):
    return str(RULE.with_edit(parse_rule(source))).splitlines()


def test_a_line_takes_the_place_of_the_line_of_its_name():
    assert edited("step = m")[3] == "step = m"
    assert len(edited("step = m")) == 5


def test_new_names_go_where_the_line_after_them_goes():
    assert edited("extra = m * m\nstep = extra")[3:5] == ["extra = m * m", "step = extra"]


def test_inputs_are_changed_before_the_rule_and_late_names_after_it():
    assert edited("g = g + W")[2] == "g = g + W"
    assert edited("before = g")[-1] == "before = g"


def test_starting_values_are_replaced_and_added():
    assert edited("if t == 1:\n    m = 0.1\n    n = 1")[:3] == [
        "if t == 1:",
        "    m = 0.1",
        "    n = 1",
    ]


def test_free_names_are_what_must_be_given():
    assert RULE.free == {"beta", "g", "scale", "W", "rate"}
    assert RULE.state == ("m",)


def test_edits_compose_where_they_touch_no_common_line():
    edits = {"a": parse_rule("step = m"), "b": parse_rule("step = g"), "c": parse_rule("g = 2 * g")}
    assert list(find_compositions(RULE, edits, 2)) == [("a", "c"), ("b", "c")]
    both = apply_edits(RULE, edits, ("a", "c"))
    assert both.edits == ("a", "c")
    assert "step = m" in str(both)
    assert "g = 2 * g" in str(both)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("W = ", "is not Python"),
        ("import os", "is not an assignment to one name"),
        ("W, m = 1, 2", "is not an assignment to one name"),
        ("W = open('x')", "`open` is not one of"),
        ("W = W.data", "uses Attribute"),
        ("W = (lambda: 1)()", "is not one of"),
        ("W = 0 < g < 1", "compares more than two"),
        ("m = 1\nif t == 1:\n    v = 0", "the only `if` allowed"),
        ("if t == 2:\n    v = 0", "the only `if` allowed"),
    ],
)
def test_what_is_not_in_the_language_is_refused(source, message):
    with pytest.raises(RuleError, match="a rule: ") as caught:
        parse_rule(source)
    assert message in str(caught.value)


LAYERED = """
a = 1 * x
for layer in up:
    y = tanh(a) if word == "tanh" else 2 * a
    a = y + b
loss = sum(a)
for layer in down:
    db = 1 * a
"""


def test_lines_of_layers_keep_their_loop_when_they_are_replaced():
    rule = parse_rule(LAYERED)
    assert [block for block, _ in rule.blocks] == ["", "up", "", "down"]
    edited = rule.with_edit(parse_rule("half = a / 2\ny = half + 1\ndb = 2 * a"), "e")
    assert [(line.name, line.block) for line in edited.body][1:4] == [
        ("half", "up"),
        ("y", "up"),
        ("a", "up"),
    ]
    assert edited.body[-1].block == "down"
    assert parse_rule(str(edited)) == parse_rule(str(edited.with_edit(parse_rule(""))))
    assert "for layer in up:\n    half = a / 2\n" in str(edited)
    assert rule.free == {"x", "b", "word"}


@pytest.mark.parametrize("head", ["for k in up:", "for layer in sideways:", "for layer in [1, 2]:"])
def test_no_other_loop_is_allowed(head):
    with pytest.raises(RuleError, match="is not one of the loops allowed, `for layer in up:`"):
        parse_rule(f"{head}\n    a = 1")


def test_an_edited_rule_shares_the_lines_that_it_leaves_alone():
    rule = parse_rule("a = x + 1\nb = a * 2")
    edited = rule.with_edit(parse_rule("b = a * 3"), "thrice")
    assert edited.body[0] is rule.body[0]  # compiled once for all edits
    assert edited.body[1] is not rule.body[1]
