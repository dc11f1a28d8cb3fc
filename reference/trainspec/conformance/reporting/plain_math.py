"""Mathematics for a terminal: LaTeX in, legible Unicode out (η, β₁, √v̂)."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

_LOWERED = dict(
    zip("0123456789+-=()aehijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ")
)
_RAISED = dict(
    zip(
        "0123456789+-=()abcdefghijklmnoprstuvwxyzTNβγδθφχ",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵀᴺᵝᵞᵟᶿᵠᵡ",
    )
)
_FORMULA = re.compile(r"\$\$(.+?)\$\$|\$(.+?)\$", re.DOTALL)
_SCRIPT = re.compile(r"([_^])\s*(\{(?:[^{}]|\{[^{}]*\})*\}|\\[A-Za-z]+|[^\s{}\\])")
#: Commands that the converter does not know, or sets with more space than a line has.
_COMMANDS = {
    r"\odot": "⊙",
    r"\qquad": "   ",
    r"\quad": "  ",
    r"\,": " ",
    r"\!": "",
    r"\le ": r"\leq ",
}


def render_text(text: str) -> str:
    """A text with its formulas in Unicode, and without Markdown's marks for code and links."""
    text = _FORMULA.sub(lambda match: render_formula(match[1] or match[2]), text)
    text = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text)
    return re.sub(r"[`*]", "", text)


def render_formula(formula: str) -> str:
    """One formula in Unicode."""
    for command, plain in _COMMANDS.items():
        formula = formula.replace(command, plain)
    formula = re.sub(
        r"\\begin\{cases\}(.+?)\\end\{cases\}", _render_cases, formula, flags=re.DOTALL
    )
    formula = _SCRIPT.sub(_render_script, formula)
    plain = _converter().latex_to_text(formula)
    plain = re.sub(r"√\((\w\u0302?[₀-ₜ]*)\)", r"√\1", plain)
    return re.sub(r"[ \n]+", " ", plain).strip()


def _render_cases(match: re.Match[str]) -> str:
    """The lines of a definition by cases, one after the other."""
    lines = [line.replace("&", r"\text{ if }") for line in match[1].split(r"\\") if line.strip()]
    return r"\{" + "; ".join(lines) + r"\}"


def _render_script(match: re.Match[str]) -> str:
    """A subscript or superscript: its own characters where they all exist, else in brackets."""
    content = match[2]
    inner = content[1:-1] if content.startswith("{") else content
    plain = _converter().latex_to_text(_SCRIPT.sub(_render_script, inner)).replace(" ", "")
    table = _LOWERED if match[1] == "_" else _RAISED
    if plain and all(character in table for character in plain):
        return "".join(table[character] for character in plain)
    mark = "\\_" if match[1] == "_" else "\\^{}"
    return f"{mark}{plain}" if len(plain) == 1 else f"{mark}({plain})"


@cache
def _converter() -> Any:
    # Imported where it is used: most commands show no formula.
    from pylatexenc.latex2text import LatexNodes2Text

    return LatexNodes2Text(math_mode="text", keep_comments=True)
