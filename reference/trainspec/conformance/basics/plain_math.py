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
#: A formula of a text: set apart between $$, or within a line between $.
FORMULA = re.compile(r"\$\$(.+?)\$\$|\$([^$]+?)\$", re.DOTALL)
_SCRIPT = re.compile(r"([_^])\s*(\{(?:[^{}]|\{[^{}]*\})*\}|\\[A-Za-z]+|[^\s{}\\])")
#: Commands that the converter does not know, or sets with more space than a line has.
_COMMANDS = {
    r"\odot": r"⊙",
    r"\qquad": "   ",
    r"\quad": "  ",
    r"\,": " ",
    r"\!": "",
    r"\lvert": "|",
    r"\rvert": "|",
}
#: A command that takes no argument, with the space behind it, which the converter would drop.
_SYMBOL = re.compile(
    r"(\\(?!(?:hat|bar|tilde|sqrt|frac|text|operatorname|mathrm|left|right|begin|end)\b)"
    r"[A-Za-z]+)(\s)"
)


def render_formulas(text: str) -> str:
    """A text with its formulas in Unicode; all else, code included, stays as it is."""
    return FORMULA.sub(lambda match: render_formula(match[1] or match[2]), text)


def render_text(text: str) -> str:
    """A text with its formulas in Unicode, and without Markdown's marks for code and links."""
    text = render_formulas(text)
    text = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text)
    return re.sub(r"[`*]", "", text)


def render_formula(formula: str) -> str:
    """One formula in Unicode."""
    for command, plain in _COMMANDS.items():
        formula = formula.replace(command, plain)
    cases = re.compile(r"\\begin\{cases\}(.+?)\\end\{cases\}", re.DOTALL)
    formula = cases.sub(_render_cases, formula)
    formula = _SCRIPT.sub(_render_script, formula)
    plain = _convert(_SYMBOL.sub(r"\1{}\2", formula))
    return re.sub(r"\s+", " ", plain).replace("∂ ", "∂").strip()


def _render_cases(match: re.Match[str]) -> str:
    """The lines of a definition by cases, one after the other."""
    lines = [line.replace("&", r"\text{ if }") for line in match[1].split(r"\\") if line.strip()]
    return r"\{" + "; ".join(lines) + r"\}"


def _render_script(match: re.Match[str]) -> str:
    """A subscript or superscript: its own characters where they all exist, else in brackets."""
    content = match[2]
    inner = content[1:-1] if content.startswith("{") else content
    plain = _convert(_SCRIPT.sub(_render_script, inner)).replace(" ", "")
    table = _LOWERED if match[1] == "_" else _RAISED
    if plain and all(character in table for character in plain):
        # The braces end the name of a command that stands before.
        return "{}" + "".join(table[character] for character in plain)
    mark = match[1]
    return f"{mark}{plain}" if len(plain) == 1 else f"{mark}({plain})"


def _convert(formula: str) -> str:
    return str(_converter().latex_to_text(formula))


#: One symbol with its accents and scripts, a number, or what is in brackets already.
_SINGLE = re.compile(
    r"∂?[^\W\d_]\u0302?[₀-ₜᵦ-ᵪ⁰-⁹⁺-⁾ᵃ-ᵿ]*|[\d.]+|√?\([^()]*\)[⁰-⁹]*|√[^\W\d_]\u0302?[₀-ₜ]*"
)


def _group(text: str) -> str:
    """A part of a formula, in brackets where it is more than one symbol or number."""
    text = text.strip().replace("∂ ", "∂")
    return text if _SINGLE.fullmatch(text) else f"({text})"


@cache
def _converter() -> Any:
    # Imported where it is used: most commands show no formula.
    from pylatexenc.latex2text import (
        LatexNodes2Text,
        MacroTextSpec,
        get_default_latex_context_db,
    )

    def fraction(node: Any, l2tobj: Any) -> str:
        above, below = (_group(l2tobj.nodelist_to_text([part])) for part in node.nodeargd.argnlist)
        return f"{above}/{below}"

    def root(node: Any, l2tobj: Any) -> str:
        return "√" + _group(l2tobj.nodelist_to_text([node.nodeargd.argnlist[-1]]))

    database = get_default_latex_context_db()
    database.add_context_category(
        "trainspec",
        prepend=True,
        macros=[
            MacroTextSpec("frac", simplify_repl=fraction),
            MacroTextSpec("sqrt", simplify_repl=root),
        ],
    )
    return LatexNodes2Text(math_mode="text", keep_comments=True, latex_context=database)
